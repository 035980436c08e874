{{/* At most 50 characters: "-headless" and the like still fit into the 63 of a Service's name, which has no dots. */}}
{{- define "credential-broker.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- regexReplaceAll "-+$" (default ($full | replace "." "-") .Values.fullnameOverride | trunc 50) "" -}}
{{- end }}

{{/* Never changes between revisions: selectors of a Deployment are immutable. */}}
{{- define "credential-broker.instanceLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Selects the broker's pods, and not that of the test. */}}
{{- define "credential-broker.selectorLabels" -}}
{{ include "credential-broker.instanceLabels" . }}
app.kubernetes.io/component: broker
{{- end }}

{{/* Labels of all objects. The pod template has none that change with the chart's version alone. */}}
{{- define "credential-broker.labels" -}}
{{ include "credential-broker.instanceLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "credential-broker.serviceAccountName" -}}
{{- default (ternary (include "credential-broker.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end }}

{{- define "credential-broker.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end }}
