# The lot graph as a tree, for Graphviz, and as JSON.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season

expect 0 quipu trace ledger cafe-sur/SH-0001
cat >want <<'EOT'
shipment cafe-sur/SH-0001, 390 kg, dispatched
└─ 390 kg: lot cafe-sur/V-0001, green
   └─ 499.5 kg: lot coop-norte/E-0001, 500 kg parchment, cafe-sur
      └─ 500 kg: plot coop-norte/C-0001
EOT
cmp -s out want || fail "another tree: $(diff out want)"
expect 0 quipu trace --down ledger coop-norte/C-0001
says '^   ├─ 499.5 kg: lot cafe-sur/V-0001, 390 kg green$' out
says '^   │  └─ 390 kg: shipment cafe-sur/SH-0001, dispatched$\|^   │  └─ 390 kg: shipment cafe-sur/SH-0001, 390 kg, dispatched$' out
says '^   └─ 499.5 kg: lot cafe-sur/C-0001, 98 kg husk, 98 kg left$' out

# ASCII where the locale does not say UTF-8.
LC_ALL=C quipu trace ledger cafe-sur/V-0001 >out
says '^`- 499.5 kg: lot coop-norte/E-0001' out
if LC_ALL=C grep -n '[^ -~]' out; then
    fail 'not ASCII'
fi

expect 0 quipu trace --depth 1 ledger cafe-sur/SH-0001
is "$(wc -l <out)" 2
says '2 steps deeper than --depth 1 left out' err

expect 0 quipu trace --dot ledger cafe-sur/SH-0001
says '^digraph quipu {$' out
says '^  "coop-norte/E-0001" -> "cafe-sur/V-0001" \[label="499.5 kg"\];$' out
is "$(tail -n 1 out)" '}'
if command -v dot >/dev/null; then
    dot -Tsvg out >/dev/null || fail 'Graphviz does not take it'
fi

expect 0 quipu trace --json ledger cafe-sur/SH-0001
is "$(jq -s -r '[.[] | "\(.depth) \(.kind) \(.drawn_grams)"] | join(", ")' out)" \
    '0 shipment 0, 1 lot 390000, 2 lot 499500, 3 plot 500000'

expect 1 quipu trace ledger cafe-sur/X-0001
expect 1 quipu trace ledger cafe-sur/sh-0001
says 'there is a shipment cafe-sur/SH-0001' err
expect 1 quipu trace ledger cafe-sur/SH0001
says 'there is a shipment cafe-sur/SH-0001' err
expect 1 quipu trace ledger coop-norte/C-0002
says 'there is a plot coop-norte/C-0001' err
expect 2 quipu trace ledger cafe-sur
expect 2 quipu trace --dot --json ledger cafe-sur/SH-0001

# On a terminal nothing is wider than it; what does not fit goes on below.
narrow() {
    script -qec "stty cols $1; quipu trace ledger cafe-sur/SH-0001" /dev/null </dev/null |
        tr -d '\r' | sed "s/$(printf '\033')\[[0-9]*m//g"
}
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    narrow 200 >out
    cmp -s out want || fail "another tree on a wide terminal: $(diff out want)"
    narrow 46 >out
    cat >want <<'EOT'
shipment cafe-sur/SH-0001, 390 kg, dispatched
└─ 390 kg: lot cafe-sur/V-0001, green
   └─ 499.5 kg: lot coop-norte/E-0001,
          500 kg parchment, cafe-sur
      └─ 500 kg: plot coop-norte/C-0001
EOT
    cmp -s out want || fail "another tree on a narrow terminal: $(diff out want)"
else
    echo 'skipped: no pseudo-terminal can be had here'
fi
