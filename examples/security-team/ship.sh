#!/bin/sh
# From a directory of rules to a signed bundle that a gateway accepts: keys, lint, tests, pack, two
# signatures, verification; then what must not pass: a changed bundle, and an older one.
#   sh examples/security-team/ship.sh OUT     (`placet` on the PATH; OUT is a new directory)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir "$out"
cp -R "$here/policy" "$out/policy"
cd "$out"

echo "== keys"
placet key new lead --out . > keys.txt
placet key new security-1 --out . >> keys.txt
placet key new security-2 --out . >> keys.txt
lead=$(cat lead.vkey)
sed "s|@LEAD_KEY@|$lead|" "$here/policy/approvals.toml" > policy/approvals.toml

echo "== lint and test"
placet bundle lint policy
placet bundle test policy

echo "== pack and sign: a looser bundle needs both keys"
placet bundle root --key security-1.key --key security-2.key --loosen 2 --expires 2099-01-01T00:00:00Z --out root.json
placet bundle pack policy --out v1.json
placet bundle sign v1.json --key security-1.key
placet bundle sign v1.json --key security-2.key
placet bundle verify v1.json --root root.json --state state.json

echo "== a tighter bundle needs one key"
sed -i.bak 's/^sequence = 1$/sequence = 2/' policy/bundle.toml
rm policy/bundle.toml.bak
cat > policy/rules/90-lock-down.toml <<'RULE'
[[rule]]
id      = "no-payments-today"
about   = "An incident: nobody reads payments."
what    = { target = "public.payments" }
verdict = "deny"
say     = "Payments are closed until the incident is over."
hit     = ["SELECT card FROM payments"]
miss    = ["SELECT id FROM orders"]
RULE
placet bundle pack policy --out v2.json
placet bundle sign v2.json --key security-2.key
placet bundle verify v2.json --root root.json --state state.json

echo "== what must not pass"
if placet bundle verify v1.json --root root.json --state state.json; then
  echo "an older bundle was accepted"; exit 1
fi
sed 's/.\{40\}$/AAAA&/' v2.json > changed.json
if placet bundle verify changed.json --root root.json --state state.json; then
  echo "a changed bundle was accepted"; exit 1
fi
echo "shipped: v2.json"
