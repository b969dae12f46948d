{{- define "gym.image" -}}
{{ .Values.image.registry }}/kube-sre-gym:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "gym.labels" -}}
app.kubernetes.io/part-of: kube-sre-gym
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "gym.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "gym.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
