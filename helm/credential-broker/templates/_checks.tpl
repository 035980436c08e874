{{/* Mistakes that would else show in a pod that does not start. The configuration itself is for check-config. */}}
{{- define "credential-broker.checks" -}}
{{- $mistakes := list -}}
{{- $name := include "credential-broker.fullname" . -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- $mistakes = append $mistakes (printf "the objects would be called %s, and the name of a Service begins with a letter: set fullnameOverride" $name) -}}
{{- end -}}
{{- $grpcPort := include "credential-broker.grpcPort" . -}}
{{- if eq $grpcPort (include "credential-broker.httpPort" .) -}}
{{- $mistakes = append $mistakes (printf "config.server.listen and config.http.listen both have the port %s: choose another for one of them" $grpcPort) -}}
{{- end -}}
{{- if include "credential-broker.isLoopback" .Values.config.http.listen -}}
{{- $mistakes = append $mistakes (printf "config.http.listen is %s, where neither the kubelet's probes nor Prometheus can reach it: write 0.0.0.0 or [::] in place of the host" .Values.config.http.listen) -}}
{{- end -}}
{{- /* In a mesh without TLS of our own, the sidecar's proxy may connect within the pod. */ -}}
{{- if and (include "credential-broker.isLoopback" .Values.config.server.listen) (not .Values.config.server.plaintext) -}}
{{- $mistakes = append $mistakes (printf "config.server.listen is %s, where the Service cannot reach it: write 0.0.0.0 or [::] in place of the host" .Values.config.server.listen) -}}
{{- end -}}
{{- if not .Values.config.credentials -}}
{{- $mistakes = append $mistakes "config.credentials is empty: the broker needs at least one credential; see the chart's README for an example" -}}
{{- end -}}
{{- $mounted := list -}}
{{- range .Values.extraVolumeMounts -}}
{{- $mounted = append $mounted (printf "%v/" .mountPath) -}}
{{- end -}}
{{- if and (not .Values.existingSecret) (not (has "/secrets/" $mounted)) -}}
{{- range $credential := .Values.config.credentials -}}
{{- range $key, $file := $credential -}}
{{- if and (kindIs "string" $file) (hasPrefix "/secrets/" (toString $file)) -}}
{{- $mistakes = append $mistakes (printf "existingSecret is empty, but %s of the credential %v is %s: name the Secret with that key" $key $credential.name $file) -}}
{{- end -}}
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
{{- if and .Values.config.server.plaintext (include "credential-broker.hasTls" .) -}}
{{- $mistakes = append $mistakes "config.server.plaintext is true beside a certificate: keep one of them" -}}
{{- else if and .Values.config.server.plaintext (or .Values.clientCa.existingConfigMap .Values.clientCa.existingSecret) -}}
{{- $mistakes = append $mistakes "config.server.plaintext is true, so that no client can present a certificate, and clientCa has no effect: leave out one of them" -}}
{{- end -}}
{{- if not (or (include "credential-broker.hasTls" .) .Values.config.server.plaintext) -}}
{{- $mistakes = append $mistakes "the gRPC listener has no certificate: set tls.existingSecret, tls.certManager.enabled or config.server.tls, or config.server.plaintext: true where a service mesh encrypts the connections" -}}
{{- end -}}
{{- if $mistakes -}}
{{- fail (printf "\n- %s" (join "\n- " $mistakes)) -}}
{{- end -}}
{{- end }}
