# Eight processes read while one writes two hundred times (fewer under sanitizers): every answer is whole, and none is older
# than the one before.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu policy new --ledger ledger --registrar registry --assessor geo-andes -o policy.json
first=$(quipu log ledger --json | wc -l)

# Deliveries, a statement each. The next is handed over when those before are answered, so that
# each is a write of its own, or every two.
COUNT=200
[ -z "$SANITIZED" ] || COUNT=60
{
    head -n 1 "$SAMPLE/deliveries-alto-mayo.csv"
    for i in $(seq 1000 $((1000 + COUNT - 1))); do
        echo "E-$i,2026-06-05,P-0001,C-0001,coffee,parchment,1,kg,2026,RA-1,11.5,17.50,2026-05-20,2026-05-28"
    done
} >many.csv
quipu import deliveries --key coop.key --party coop-norte --batch 1 -o many.qst many.csv >/dev/null 2>&1 ||
    fail 'the deliveries are not signed'
size=$(wc -c <many.qst)
step=$((size / COUNT))
feed() {
    for i in $(seq "$COUNT"); do
        dd bs="$step" count=1 2>/dev/null
        tries=0
        while [ "$(wc -l <submitted)" -lt $((i - 2)) ] && [ "$tries" -lt 1000 ]; do
            sleep 0.01
            tries=$((tries + 1))
        done
    done
    cat
}

# grows NAME NUMBER: what a reader saw is not less than what it saw before.
grows() {
    last=$(cat "$1.last" 2>/dev/null || echo 0)
    [ "$2" -ge "$last" ] || fail "$1 saw $last, then $2"
    echo "$2" >"$1.last"
}

read_log() {
    quipu log ledger --json >"$1.out"
    grows "$1" "$(wc -l <"$1.out")"
    # Entry for entry a chain, and the events of each belong to it.
    jq -e -s '[.[1:], .[:-1]] | transpose | all(.[0].previous == .[1].leaf and
        .[0].index == .[1].index + 1)' "$1.out" >/dev/null || fail 'a log that is no chain'
}
read_stats() {
    quipu stats ledger --json >"$1.out"
    grows "$1" "$(jq .entries "$1.out")"
}
read_show() {
    quipu show ledger coop-norte/E-0001 --json >"$1.out"
    jq -e . "$1.out" >/dev/null || fail 'show is not JSON'
}
read_trace() {
    quipu trace ledger cafe-sur/SH-0001 >"$1.out"
    grep -q 'coop-norte/E-0001' "$1.out" || fail 'the trace does not reach the harvest'
}
read_proof() {
    quipu prove ledger cafe-sur/SH-0001 -o "$1.quipu" >/dev/null
    quipu verify "$1.quipu" --policy policy.json --json >"$1.out" || true
    is "$(jq -r '.lines[0].result' "$1.out")" PASS
    grows "$1" "$(jq .checkpoint.size "$1.out")"
}
read_receipt() {
    quipu receipt get ledger 5 >"$1.receipt"
    quipu receipt check "$1.receipt" --policy policy.json >"$1.out"
}
read_newest() {
    newest=$(quipu stats ledger --json | jq .entries)
    quipu receipt get ledger $((newest - 1)) >"$1.receipt"
    quipu receipt check "$1.receipt" --policy policy.json >"$1.out"
    quipu show ledger $((newest - 1)) >"$1.out"
    grows "$1" "$newest"
}
read_impact() {
    quipu impact ledger coop-norte/C-0001 --downstream --json >"$1.out"
    jq -e . "$1.out" >/dev/null || fail 'impact is not JSON'
}

# reader NAME COMMAND: until the writer is done, and once more.
reader() {
    rounds=0
    while :; do
        ended=no
        [ ! -e written ] || ended=yes
        "$2" "$1"
        rounds=$((rounds + 1))
        [ "$ended" = no ] || break
        sleep 0.1 # a turn for the writer, on a machine with few cores
    done
    echo "$rounds" >"$1.rounds"
}
readers='log stats show trace proof receipt newest impact'
pids=
for name in $readers; do
    (reader "$name" "read_$name") 2>"$name.err" &
    pids="$pids $!"
done
: >submitted
feed <many.qst | quipu submit ledger --log-key log.key --receipts receipts --json - >submitted 2>submit.err ||
    fail "the writer failed: $(cat submit.err) $(tail -n 3 submitted)"
touch written
for pid in $pids; do
    wait "$pid" || fail "a reader failed: $(cat ./*.err)"
done
all=$((first + COUNT))
is "$(jq -s '[.[] | select(.result == "admitted")] | length' submitted)" "$COUNT"
for name in log stats newest proof; do
    is "$(cat "$name.last")" "$all"
done
for name in $readers; do
    [ "$(cat "$name.rounds")" -ge 2 ] || fail "$name has read only once"
done
# The writes were many: as many checkpoints, but for statements that came together.
writes=$(cat receipts/* | grep -A 1 '^ledger.example/2026$' | grep '^[0-9]*$' | sort -u | wc -l)
[ "$writes" -ge $((COUNT / 2)) ] || fail "only $writes writes"
expect 0 quipu audit ledger
