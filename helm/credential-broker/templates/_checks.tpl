{{/* Mistakes that would else show in a pod that does not start. The configuration itself is for check-config. */}}
{{- define "credential-broker.checks" -}}
{{- $mistakes := list -}}
{{- if not .Values.config.credentials -}}
{{- $mistakes = append $mistakes "config.credentials is empty: the broker needs at least one credential; see the chart's README for an example" -}}
{{- end -}}
{{- range $credential := .Values.config.credentials -}}
{{- range $key, $file := $credential -}}
{{- if and (kindIs "string" $file) (hasPrefix "/secrets/" (toString $file)) (not $.Values.existingSecret) -}}
{{- $mistakes = append $mistakes (printf "existingSecret is empty, but %s of the credential %v is %s: name the Secret with that key" $key $credential.name $file) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.tls -}}
{{- if and .existingSecret .certManager.enabled -}}
{{- $mistakes = append $mistakes "tls.existingSecret and tls.certManager.enabled are both set: keep one of them" -}}
{{- end -}}
{{- if and .certManager.enabled (not .certManager.issuerRef.name) -}}
{{- $mistakes = append $mistakes "tls.certManager.issuerRef.name is empty: name the issuer of the certificate" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.clientCa.existingConfigMap .Values.clientCa.existingSecret -}}
{{- $mistakes = append $mistakes "clientCa.existingConfigMap and clientCa.existingSecret are both set: keep one of them" -}}
{{- end -}}
{{- if not (or (include "credential-broker.hasTls" .) .Values.config.server.plaintext) -}}
{{- $mistakes = append $mistakes "the gRPC listener has no certificate: set tls.existingSecret, tls.certManager.enabled or config.server.tls, or config.server.plaintext: true where a service mesh encrypts the connections" -}}
{{- end -}}
{{- if $mistakes -}}
{{- fail (printf "\n- %s" (join "\n- " $mistakes)) -}}
{{- end -}}
{{- end }}
