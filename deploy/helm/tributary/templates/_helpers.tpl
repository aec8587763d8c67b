{{- define "tributary.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "tributary.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "tributary.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "tributary.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tributary.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tributary.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tributary.labels" -}}
{{ include "tributary.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .Values.extraLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tributary.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "tributary.fullname" .) }}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "tributary.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{/* Name of the ConfigMap with the supergraph; empty if the configuration names another source. */}}
{{- define "tributary.supergraphConfigMap" -}}
{{- if include "tributary.loadsSupergraph" . -}}
{{- if or .Values.supergraphConfigMap .Values.supergraphFile -}}
{{- fail "supergraphFile and supergraphConfigMap cannot be combined with supergraph.url, supergraph.oci, supergraph.registry or supergraph.sources in router.configuration" -}}
{{- end -}}
{{- else if .Values.supergraphConfigMap -}}
{{ .Values.supergraphConfigMap }}
{{- else if .Values.supergraphFile -}}
{{ include "tributary.fullname" . }}-supergraph
{{- end }}
{{- end }}

{{/* Not empty if the router loads the supergraph over the network. */}}
{{- define "tributary.loadsSupergraph" -}}
{{- $supergraph := .Values.router.configuration.supergraph | default dict -}}
{{- if or $supergraph.url $supergraph.oci $supergraph.registry $supergraph.sources -}}true{{- end -}}
{{- end }}

{{/* Content of router.yaml: addresses and ports from the chart, everything else from router.configuration. */}}
{{- define "tributary.configuration" -}}
{{- $ports := .Values.containerPorts -}}
{{- $configuration := dict
  "listen" (dict "host" "0.0.0.0" "port" $ports.http)
  "admin" (dict "port" $ports.metrics)
  "health" (dict "host" "0.0.0.0" "port" $ports.health)
-}}
{{/* Without Redis each router enforces its share of a limit. */}}
{{- $replicas := .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount -}}
{{- $_ := set $configuration "rateLimit" (dict "instances" (max 1 $replicas)) -}}
{{- if .Values.serviceMonitor.enabled -}}
{{- $_ := set $configuration.admin "host" "0.0.0.0" -}}
{{- end -}}
{{- if include "tributary.supergraphConfigMap" . -}}
{{- $_ := set $configuration "supergraph" (dict "file" "/etc/tributary/supergraph/supergraph.graphql") -}}
{{- end -}}
{{- if include "tributary.loadsSupergraph" . -}}
{{- $_ := set $configuration "supergraph" (dict "keepIn" "/var/lib/tributary") -}}
{{- end -}}
{{- $configuration = mergeOverwrite $configuration (deepCopy .Values.router.configuration) -}}
{{- include "tributary.checkPorts" (list $configuration $ports) -}}
{{- toYaml $configuration -}}
{{- end }}

{{/* Probes and services use containerPorts, so the configuration must not say anything else. */}}
{{- define "tributary.checkPorts" -}}
{{- $configuration := index . 0 -}}
{{- $ports := index . 1 -}}
{{- range $section, $name := dict "listen" "http" "admin" "metrics" "health" "health" -}}
{{- if ne (toString (get (get $configuration $section) "port")) (toString (get $ports $name)) -}}
{{- fail (printf "router.configuration.%s.port differs from containerPorts.%s: set containerPorts.%s only" $section $name $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Seconds from SIGTERM to SIGKILL. */}}
{{- define "tributary.terminationGracePeriodSeconds" -}}
{{- $shutdown := .Values.router.configuration.shutdown | default dict -}}
{{- $lameDuck := $shutdown.lameDuckMs | default 1000 -}}
{{- $grace := $shutdown.graceMs | default 20000 -}}
{{- $isUnknown := or (kindIs "string" $lameDuck) (kindIs "string" $grace) -}}
{{- $needed := divf (addf (float64 $lameDuck) (float64 $grace)) 1000 | ceil | int | add 5 | int -}}
{{- $given := .Values.terminationGracePeriodSeconds -}}
{{- if and $isUnknown (kindIs "invalid" $given) -}}
{{- fail "set terminationGracePeriodSeconds, because shutdown.lameDuckMs or shutdown.graceMs is an expansion, whose value the chart does not know" -}}
{{- else if kindIs "invalid" $given -}}
{{ $needed }}
{{- else if lt (int $given) $needed -}}
{{- fail (printf "terminationGracePeriodSeconds is %d, but a router needs %d s to drain (shutdown.lameDuckMs, shutdown.graceMs and 5 s)" (int $given) $needed) -}}
{{- else -}}
{{ int $given }}
{{- end -}}
{{- end }}
