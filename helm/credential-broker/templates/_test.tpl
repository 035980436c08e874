{{/*
The Secret that the test's TLS files come from, "plaintext" where it needs none; empty where there is no test pod: the values
disable it, or give no file that it could verify the broker with or present to it.
*/}}
{{- define "credential-broker.test" -}}
{{- if not .Values.test.enabled -}}
{{- else if not (include "credential-broker.hasTls" .) -}}
plaintext
{{- else if .Values.test.tlsSecret -}}
{{ .Values.test.tlsSecret }}
{{- else if not (include "credential-broker.needsClientCertificate" .) -}}
{{ include "credential-broker.servingSecret" . }}
{{- end -}}
{{- end }}

{{- define "credential-broker.testLabels" -}}
{{ include "credential-broker.instanceLabels" . }}
app.kubernetes.io/component: test
{{- end }}

{{/* Where clients inside the cluster reach the broker. */}}
{{- define "credential-broker.address" -}}
{{ include "credential-broker.fullname" . }}.{{ .Release.Namespace }}.svc:{{ .Values.service.port }}
{{- end }}
