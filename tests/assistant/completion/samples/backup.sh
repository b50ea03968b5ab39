#!/bin/bash
# Copies folders to a place of one's own, keeps some copies, and tells what it did.

set -euo pipefail

readonly VERSION="1.4"
target="${BACKUP_TARGET:-$HOME/backup}"
keep=7
verbose=0
dry_run=0
log_file=""

usage() {
  cat <<EOF
usage: ${0##*/} [-v] [-n] [-k COUNT] [-t FOLDER] SOURCE...
EOF
}

say() {
  if [ "$verbose" -gt 0 ]; then
    printf '%s %s\n' "$(date +%H:%M:%S)" "$*"
  fi
}

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

size_of() {
  local folder=$1
  du -sk "$folder" | cut -f1
}

free_space() {
  df -Pk "$target" | awk 'NR == 2 { print $4 }'
}

read_settings() {
  local file=$1 name value
  while IFS='=' read -r name value; do
    case "$name" in
      '#'*|'')
        continue
        ;;
      target)
        target=$value
        ;;
      keep)
        keep=$value
        ;;
      verbose)
        verbose=1
        ;;
      *)
        say "unknown setting $name"
        ;;
    esac
  done < "$file"
}

make_copy() {
  local source=$1
  local name today place
  name=$(basename "$source")
  today=$(date +%Y-%m-%d)
  place="$target/$name-$today.tar.gz"
  if [ -e "$place" ]; then
    say "$place is there already"
    return 0
  fi
  if [ "$dry_run" -eq 1 ]; then
    echo "would write $place"
    return 0
  fi
  if ! tar -C "$(dirname "$source")" -czf "$place.part" "$name"; then
    rm -f "$place.part"
    return 1
  fi
  mv "$place.part" "$place"
  say "wrote $place ($(size_of "$place") kB)"
  find "$target" -name "$name-*.part" -mtime +1 \
    -exec rm -f {} \; \
    2>/dev/null
}

remove_old() {
  local name=$1 count=0
  has rsync \
    || has cp \
    || fail "nothing here can copy"
  for copy in $(ls -1t "$target/$name"-*.tar.gz 2>/dev/null); do
    count=$((count + 1))
    if [ "$count" -le "$keep" ]; then
      continue
    fi
    say "removing $copy"
    rm -f "$copy"
  done
}

check() {
  local archive
  for archive in "$target"/*.tar.gz; do
    [ -e "$archive" ] || continue
    if tar -tzf "$archive" > /dev/null; then
      say "$archive is whole"
    else
      echo "$archive is damaged" >&2
    fi
  done
}

wait_for_mount() {
  local tries=0
  until mountpoint -q "$target"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 10 ]; then
      fail "$target is not mounted"
    fi
    sleep 1
  done
}

while getopts "vnk:t:l:h" option; do
  case $option in
    v) verbose=$((verbose + 1)) ;;
    n) dry_run=1 ;;
    k) keep=$OPTARG ;;
    t) target=$OPTARG ;;
    l) log_file=$OPTARG ;;
    h)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done
shift $((OPTIND - 1))

[ $# -gt 0 ] || fail "name at least one folder"
has tar || fail "tar is missing"
mkdir -p "$target"

names=(
  "etc"
  "home"
  "srv"
)
failed=0
echo "${names[@]}" \
  | tr ' ' '\n' \
  | sort > "$target/names"
for source in "$@"; do
  if [ ! -d "$source" ]; then
    echo "$source is no folder" >&2
    failed=$((failed + 1))
    continue
  fi
  if make_copy "$source"; then
    remove_old "$(basename "$source")"
  else
    failed=$((failed + 1))
  fi
done

if [ -n "$log_file" ]; then
  echo "$(date) version $VERSION, $# folders, $failed failed" >> "$log_file"
fi
check
exit "$failed"
