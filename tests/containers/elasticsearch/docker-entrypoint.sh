#!/bin/bash
# Does what the official image does with its environment, as far as docker-compose.yml and the tests rely on it.
set -euo pipefail
cd /usr/share/elasticsearch
if [ -n "${ELASTIC_PASSWORD:-}" ]; then
  printf '%s' "$ELASTIC_PASSWORD" | bin/elasticsearch-keystore add --stdin --force bootstrap.password
fi
settings=()
while IFS= read -r -d '' pair; do
  name=${pair%%=*}
  if [[ $name =~ ^[a-z0-9_]+(\.[a-z0-9_]+)+$ ]]; then settings+=("-E$pair"); fi
done < <(env --null)
exec bin/elasticsearch "${settings[@]}"
