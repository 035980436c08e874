{{/* Parts that several containers or pods have in common. */}}

{{/* Directories, never single files: only so the kubelet's change of what they hold is seen. */}}
{{- define "credential-broker.volumeMounts" -}}
- {name: config, mountPath: /etc/credential-broker, readOnly: true}
{{- if .Values.existingSecret }}
- {name: secrets, mountPath: /secrets, readOnly: true}
{{- end }}
{{- if include "credential-broker.servingSecret" . }}
- {name: tls, mountPath: /tls, readOnly: true}
{{- end }}
{{- if or .Values.clientCa.existingConfigMap .Values.clientCa.existingSecret }}
- {name: client-ca, mountPath: /client-ca, readOnly: true}
{{- end }}
- {name: run, mountPath: /run/credential-broker}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Secrets are readable by the pod's group alone, which is fsGroup. */}}
{{- define "credential-broker.volumes" -}}
- name: config
  configMap:
    name: {{ include "credential-broker.fullname" . | quote }}
{{- if .Values.existingSecret }}
- name: secrets
  secret:
    secretName: {{ .Values.existingSecret | quote }}
    defaultMode: 0440
{{- end }}
{{- with include "credential-broker.servingSecret" . }}
- name: tls
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- if .Values.clientCa.existingConfigMap }}
- name: client-ca
  configMap:
    name: {{ .Values.clientCa.existingConfigMap | quote }}
{{- else if .Values.clientCa.existingSecret }}
- name: client-ca
  secret:
    secretName: {{ .Values.clientCa.existingSecret | quote }}
    defaultMode: 0440
{{- end }}
- name: run
  emptyDir:
    sizeLimit: 1Mi
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "credential-broker.imageOfContainer" -}}
image: {{ include "credential-broker.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}

{{/* Where pods run, and as whom; the test's pod, too. */}}
{{- define "credential-broker.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
serviceAccountName: {{ include "credential-broker.serviceAccountName" . | quote }}
enableServiceLinks: false
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end }}
