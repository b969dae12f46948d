#!/bin/sh
# Build time: makes the data directory with the shop's schema. Runs as the postgres user; argument: the folder to fill.
set -eu
initdb -D "$1" --username=postgres --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C --no-sync --wal-segsize=1 >/dev/null
echo "host all all all scram-sha-256" >>"$1/pg_hba.conf"
single() { postgres --single -j -D "$1" -c log_min_messages=warning "$2" >/dev/null; }
printf 'CREATE ROLE shop LOGIN;\n\nCREATE DATABASE shop OWNER shop;\n\n' | single "$1" postgres
single "$1" shop <"$(dirname "$0")/schema.sql"
# Each database is 7 MB that every new volume would copy: keep the shop's and the template it came from.
printf 'UPDATE pg_database SET datistemplate = false WHERE datname = $$template0$$;\n\nDROP DATABASE template0;\n\nDROP DATABASE postgres;\n\n' | single "$1" shop
