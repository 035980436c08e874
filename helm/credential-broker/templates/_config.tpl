{{/* What follows from the broker's configuration. */}}

{{/* The Secret that the serving certificate comes from; empty: it comes from elsewhere, or there is none. */}}
{{- define "credential-broker.servingSecret" -}}
{{- if .Values.tls.existingSecret -}}
{{ .Values.tls.existingSecret }}
{{- else if .Values.tls.certManager.enabled -}}
{{ include "credential-broker.fullname" . }}-tls
{{- end -}}
{{- end }}

{{/* Removes keys that are null. Helm itself removes only those for which the chart has a default. */}}
{{- define "credential-broker.dropNulls" -}}
{{- $map := . -}}
{{- range $key, $value := $map -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $map $key -}}
{{- else if kindIs "map" $value -}}
{{- include "credential-broker.dropNulls" $value -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The configuration as the broker reads it: the values, and the files that the chart mounts. */}}
{{- define "credential-broker.config" -}}
{{- $config := merge (deepCopy .Values.config) (dict "apiVersion" "credentialbroker/v1" "kind" "BrokerConfig") -}}
{{- include "credential-broker.dropNulls" $config -}}
{{- $server := $config.server -}}
{{- if include "credential-broker.servingSecret" . -}}
{{- $files := dict "cert_file" "/tls/tls.crt" "key_file" "/tls/tls.key" -}}
{{- $_ := set $server "tls" (merge ($server.tls | default dict) $files) -}}
{{- end -}}
{{- $clientCa := or .Values.clientCa.existingConfigMap .Values.clientCa.existingSecret -}}
{{- if and $clientCa $server.tls (not $server.tls.client_ca) (not $server.tls.client_ca_file) -}}
{{- $_ := set $server.tls "client_ca_file" "/client-ca/ca.crt" -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/*
What of the configuration a running broker does not reload (docs/configuration.md, Reload): all but what is left out here, so
that a key which this chart does not know restarts the pods rather than not being applied. TLS where there was none does need
a restart, and comes with a change of server.plaintext.
*/}}
{{- define "credential-broker.needsRestart" -}}
{{- $config := include "credential-broker.config" . | fromYaml -}}
{{- $server := omit $config.server "drain_delay" "rate_limit" "tls" -}}
{{- $rest := omit $config "credentials" "log" "server" -}}
{{- toJson (merge $rest (dict "server" $server "log" (omit ($config.log | default dict) "level"))) -}}
{{- end }}

{{/* The port of an address such as 0.0.0.0:8443 or [::]:8443, if a Service can have it as its target; else empty. */}}
{{- define "credential-broker.portOf" -}}
{{- $port := regexFind ":[1-9][0-9]{0,4}$" . | trimPrefix ":" -}}
{{- if and $port (not (hasPrefix "unix:" .)) (le (int $port) 65535) -}}{{ $port }}{{- end -}}
{{- end }}

{{/* Not empty where an address is of use within the pod alone. */}}
{{- define "credential-broker.isLoopback" -}}
{{- regexFind "^(127\\.|localhost:|\\[::1\\])" . -}}
{{- end }}

{{- define "credential-broker.grpcPort" -}}
{{- include "credential-broker.portOf" .Values.config.server.listen |
    required (printf "config.server.listen is %q, which is no address with a port from 1 to 65535, so that the Service has no target: write for example 0.0.0.0:8443" .Values.config.server.listen) -}}
{{- end }}

{{- define "credential-broker.httpPort" -}}
{{- include "credential-broker.portOf" .Values.config.http.listen |
    required (printf "config.http.listen is %q, which is no address with a port from 1 to 65535, and the probes need one: write for example 0.0.0.0:9090" .Values.config.http.listen) -}}
{{- end }}

{{/* Ports of InvestSuite, or of the proxies in front of it, as a JSON list. */}}
{{- define "credential-broker.upstreamPorts" -}}
{{- $ports := list -}}
{{- range .Values.config.credentials -}}
{{- $url := urlParse (default .base_url (.proxy | default dict).url | default "") -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "80" "443" (eq $url.scheme "http")) -}}
{{- $ports = append $ports (int $port) -}}
{{- end -}}
{{- dict "ports" ($ports | uniq) | toJson -}}
{{- end }}

{{/* Not empty where the broker calls the Kubernetes API: for TokenReviews, or for a session that replicas share. */}}
{{- define "credential-broker.callsKubernetes" -}}
{{- $store := .Values.config.session_store | default dict -}}
{{- if or .Values.config.kubernetes_callers (eq ($store.type | default "memory") "kubernetes") -}}true{{- end -}}
{{- end }}

{{/* Not empty where it does so as the pod's own ServiceAccount. */}}
{{- define "credential-broker.usesServiceAccount" -}}
{{- if not (.Values.config.kubernetes | default dict).token_file -}}{{ include "credential-broker.callsKubernetes" . }}{{- end -}}
{{- end }}

{{/* Not empty where clients must present a certificate. */}}
{{- define "credential-broker.needsClientCertificate" -}}
{{- $tls := (include "credential-broker.config" . | fromYaml).server.tls | default dict -}}
{{- if or $tls.client_ca_file $tls.client_ca -}}true{{- end -}}
{{- end }}

{{- define "credential-broker.hasTls" -}}
{{- if (include "credential-broker.config" . | fromYaml).server.tls -}}true{{- end -}}
{{- end }}

{{/* A duration of the configuration in whole seconds, rounded up. */}}
{{- define "credential-broker.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ms" -}}
{{ div (add $number 999) 1000 }}
{{- else -}}
{{ mul $number (get (dict "s" 1 "m" 60 "h" 3600) $unit) }}
{{- end -}}
{{- end }}
