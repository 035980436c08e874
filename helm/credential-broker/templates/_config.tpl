{{/* What follows from the broker's configuration. */}}

{{/* The Secret that the serving certificate comes from; empty: it comes from elsewhere, or there is none. */}}
{{- define "credential-broker.servingSecret" -}}
{{- if .Values.tls.existingSecret -}}
{{ .Values.tls.existingSecret }}
{{- else if .Values.tls.certManager.enabled -}}
{{ include "credential-broker.fullname" . }}-tls
{{- end -}}
{{- end }}

{{/* The configuration as the broker reads it: the values, and the files that the chart mounts. */}}
{{- define "credential-broker.config" -}}
{{- $config := merge (deepCopy .Values.config) (dict "apiVersion" "credentialbroker/v1" "kind" "BrokerConfig") -}}
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

{{/* The port of an address such as 0.0.0.0:8443 or [::]:8443, of the first of a list that has one; else empty. */}}
{{- define "credential-broker.portOf" -}}
{{- range (kindIs "slice" . | ternary . (list .)) -}}
{{- if not (hasPrefix "unix:" (toString .)) -}}
{{- regexFind "[0-9]+$" (toString .) -}}
{{- break -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "credential-broker.grpcPort" -}}
{{- include "credential-broker.portOf" .Values.config.server.listen |
    required "config.server.listen has no address with a port, so that the Service has no target: write for example 0.0.0.0:8443" -}}
{{- end }}

{{- define "credential-broker.httpPort" -}}
{{- include "credential-broker.portOf" .Values.config.http.listen |
    required "config.http.listen has no port, and the probes need one: write for example 0.0.0.0:9090" -}}
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
