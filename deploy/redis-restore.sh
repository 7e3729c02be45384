#!/bin/sh
# redis-restore.sh FILE FOLDER [PORT]: makes the data folder of a Redis from a copy, for a server with `appendonly yes`.
# A server that begins with an append-only file reads nothing else, so one without it reads the copy here and writes that
# file. FOLDER must be empty; start the real server on it afterwards, as its owner.
set -eu
file=${1:?usage: redis-restore.sh FILE FOLDER [PORT]}
folder=${2:?usage: redis-restore.sh FILE FOLDER [PORT]}
port=${3:-6399}
redis-check-rdb "$file" >/dev/null || { echo "$file is not a sound copy" >&2; exit 1; }
mkdir -p "$folder"
[ -z "$(ls -A "$folder")" ] || { echo "$folder is not empty: restore beside it and swap the two" >&2; exit 1; }
umask 077
cp "$file" "$folder/dump.rdb"
redis-server --port "$port" --bind 127.0.0.1 --save "" --appendonly no --dir "$folder" --dbfilename dump.rdb >"$folder/restore.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
cli() { redis-cli -h 127.0.0.1 -p "$port" "$@"; }
until [ "$(cli ping 2>/dev/null)" = PONG ]; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/restore.log" >&2; exit 1; }
  sleep 0.1
done
cli config set appendonly yes >/dev/null
until cli info persistence | tr -d '\r' | grep -qx 'aof_rewrite_in_progress:0' &&
  cli info persistence | tr -d '\r' | grep -qx 'aof_rewrite_scheduled:0'; do sleep 0.1; done
cli info persistence | tr -d '\r' | grep -qx 'aof_last_bgrewrite_status:ok' || { cat "$folder/restore.log" >&2; exit 1; }
echo "$(cli dbsize) keys restored"
cli shutdown nosave >/dev/null 2>&1 || true
wait "$server" || true
trap - EXIT
rm -f "$folder/dump.rdb" "$folder/restore.log"
