#!/bin/sh
# Fills the upstreams into the nginx configuration and starts nginx. Waits a little for upstream names, then says which is wrong.
set -eu

log() { printf '{"time":"%s","level":"%s","msg":"%s","variable":"%s","host":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "$3" "$4"; }

upstream() { # variable -> host:port
  eval "url=\${$1:-}"
  address=${url#http://}
  address=${address%%/*}
  if [ -z "$url" ] || [ "$address" = "$url" ]; then
    log fatal "environment variable is not a usable http URL" "$1" "$url" >&2
    exit 1
  fi
  case $address in *:*) ;; *) address=$address:80 ;; esac
  tries=0
  until getent ahosts "${address%:*}" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -ge 4 ]; then
      log fatal "upstream host not found" "$1" "${address%:*}" >&2
      exit 1
    fi
    sleep 0.5
  done
  echo "$address"
}

gateway=$(upstream PAYMENT_GATEWAY_URL)
auth=$(upstream AUTH_SERVICE_URL)
resolver=$(awk '$1 == "nameserver" { print $2; exit }' /etc/resolv.conf)
sed -e "s|@GATEWAY@|$gateway|; s|@AUTH@|$auth|; s|@RESOLVER@|$resolver|; s|@PORT@|${PORT:-8080}|" \
  -e "s|@GATEWAY_NAME@|${gateway%%[.:]*}|g; s|@AUTH_NAME@|${auth%%[.:]*}|g" /etc/nginx/templates/nginx.conf >/tmp/nginx.conf
log info "starting" RELEASE "${RELEASE:-dev}"
exec nginx -c "${1:-/tmp/nginx.conf}" -e stderr -g 'daemon off;'
