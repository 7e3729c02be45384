#!/bin/sh
# redis-backup.sh FILE [REDIS_URL]: a copy of everything in a Redis that is in use, as it was at one moment, as an RDB file.
# Redis forks and writes it; what comes meanwhile is not in it. The file takes its name only when it is whole.
set -eu
file=${1:?usage: redis-backup.sh FILE [REDIS_URL]}
url=${2:-redis://127.0.0.1:6379}
[ ! -e "$file" ] || { echo "$file is there already: choose another name" >&2; exit 1; }
umask 077
redis-cli -u "$url" --no-auth-warning --rdb "$file.partial" >/dev/null
redis-check-rdb "$file.partial" >/dev/null || { echo "the copy is not sound" >&2; rm -f "$file.partial"; exit 1; }
sync "$file.partial"
mv "$file.partial" "$file"
