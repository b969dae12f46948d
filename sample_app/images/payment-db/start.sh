#!/bin/sh
# Starts PostgreSQL. An empty volume gets the data directory that was prepared at build time, with the password of today's Secret.
set -eu
data=${PGDATA:-/var/lib/postgresql/data/main}

if [ ! -s "$data/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo "FATAL:  POSTGRES_PASSWORD is not set and $data is empty" >&2
    exit 1
  fi
  echo "LOG:  preparing an empty data directory in $data"
  rm -rf "$data.new"
  cp -R /usr/share/payment-db/data "$data.new"
  chmod 700 "$data.new"
  quoted=$(printf %s "$POSTGRES_PASSWORD" | sed "s/'/''/g")
  echo "ALTER ROLE shop PASSWORD '$quoted'" | postgres --single -D "$data.new" -c log_min_messages=warning shop >/dev/null
  mv "$data.new" "$data"
fi

exec postgres -D "$data" "$@"
