# A key that signs two statements with one sequence is caught: by whoever holds both, offline; the
# ledger ends the key, and what it signed from there on passes no verdict.
. "$(dirname "$0")/lib.sh"
ledger
key coop
enrol coop coop cooperative
jq -n '{occurred: "2026-02-10", producer_registered: {producer: "coop/P-1",
    identity: {seal: {kind: "producer", content: {name: "Rosa", document: "01234567"}}}}}' >one.json
sed 's/P-1/P-2/' one.json >two.json
sed 's/P-1/P-3/' one.json >three.json
sign() {
    from=$1
    shift
    quipu sign --key "$from/coop.key" --party coop --ledger ledger "$@" >/dev/null
}

# The same key and the same journal on two machines: each signs sequence 1.
mkdir office field
mv coop.* office/
sign office -o first.qst one.json
expect 0 submit first.qst
cp -R office/. field/
sign office -o office.qst two.json
sign field -o field.qst three.json

# With both files and nothing else; order does not matter, the proof has one form.
expect 0 quipu fork-proof office.qst field.qst -o proof.fork
says '^FORK PROVED$' out
says "^key        $(public_key office/coop)$" out
says '^sequence   1, signed twice$' out
says '^differ in  events' out
expect 0 quipu fork-proof field.qst office.qst -o turned.fork
cmp proof.fork turned.fork || fail "two proofs of one fork"
quipu fork-proof office.qst field.qst >stdout.fork 2>err || fail "to stdout"
cmp proof.fork stdout.fork || fail "another proof on stdout"

# Checked offline.
expect 0 quipu fork-proof --check proof.fork
says '^FORK PROVED$' out
expect 0 quipu fork-proof --check --json proof.fork
is "$(jq -c '[.proved, .sequence, (.statements | length), .key]' out)" \
    "[true,1,2,\"$(public_key office/coop)\"]"
is "$(jq -r '.statements[0].hash == .statements[1].hash' out)" false
expect 0 quipu fork-proof --check - <proof.fork
expect 3 quipu fork-proof --check office.qst
says 'not a fork proof' err
head -c 200 proof.fork >cut.fork
expect 3 quipu fork-proof --check cut.fork
sed 's,^quipu/fork/v1,quipu/fork/v2,' proof.fork >later.fork
expect 3 quipu fork-proof --check later.fork
says 'version' err
size=$(wc -c <proof.fork)
{ head -c $((size - 40)) proof.fork; printf 'ZZZZZZZZ'; tail -c 32 proof.fork; } >changed.fork
expect 1 quipu fork-proof --check changed.fork
says 'signature of statement b' err
says 'QP-FORK-PROOF' err
expect 1 quipu fork-proof --check --json changed.fork
is "$(jq -r .rule err)" QP-FORK-PROOF

# What is no fork, and why.
expect 1 quipu fork-proof first.qst office.qst -o none.fork
says 'no two have one key and one sequence' err
expect 1 quipu fork-proof office.qst office.qst -o none.fork
says 'is there twice, and is the same' err
# Some bytes of the other statement's link: its signature does not hold any more.
{ head -c 126 field.qst; printf 'ZZZZZZZZ'; tail -c +135 field.qst; } >forged.qst
expect 1 quipu fork-proof office.qst forged.qst -o none.fork
says 'that key has not signed both' err
expect 3 quipu fork-proof one.json office.qst -o none.fork
says 'neither a submission file' err
expect 3 quipu fork-proof proof.fork -o none.fork
says 'look at it with --check' err
[ ! -e none.fork ] || fail "a proof of nothing"
expect 2 quipu fork-proof --check proof.fork office.qst
expect 2 quipu fork-proof --check --ledger ledger proof.fork

# The ledger takes the first it hears of, refuses the other, and names the way on.
expect 0 submit --receipts receipts office.qst
expect 1 submit --rejected rejected field.qst
says 'QP-CHAIN-FORK' err
says 'fork-proof --ledger ledger rejected/field-1.qst -o proof.fork' err
expect 0 quipu fork-proof --ledger ledger rejected/field-1.qst -o again.fork
cmp proof.fork again.fork || fail "another proof from the ledger"
expect 1 quipu fork-proof --ledger ledger first.qst -o none.fork
says 'is the same' err
receipt=$(echo receipts/*.tlog-proof)
expect 0 quipu fork-proof "$receipt" field.qst -o again.fork
cmp proof.fork again.fork || fail "another proof from the receipt"

# Whoever is enrolled brings it in; the key ends there.
expect 1 quipu sign --key operator.key -o end.qst changed.fork
says 'QP-FORK-PROOF' err
expect 0 quipu sign --key operator.key -o end.qst proof.fork
expect 0 submit end.qst
sign office -o late.qst three.json
expect 1 submit late.qst
says 'QP-KEY-OLD' err
expect 0 quipu show ledger coop
says 'forked, ended at entry 4; in doubt from its statement 1 on' out
expect 0 quipu show ledger 4
says 'signed two statements with sequence 1' out
expect 0 quipu log ledger --json
expect 0 quipu sign --key operator.key -o twice.qst proof.fork
expect 1 submit twice.qst
says 'QP-KEY-OLD' err
expect 0 quipu audit ledger

# A key of another ledger is nothing to this one.
mkdir elsewhere
(
    cd elsewhere
    ledger
)
expect 0 quipu sign --key elsewhere/operator.key -o elsewhere/end.qst proof.fork
expect 1 quipu submit elsewhere/ledger --log-key elsewhere/log.key elsewhere/end.qst
says 'QP-FORK-PROOF' err

# A buyer: the bundle shows the fork, and what the key signed from there on counts for nothing. What
# it signed before counts.
. "$QP_SOURCE/tests/cli/season.sh"
mkdir trade
cd trade || exit
season
quipu policy new --ledger ledger --assessor geo-andes --registrar registry -o policy.json
jq -n '{occurred: "2026-07-04", lot_inspected: {lot: "coop-norte/E-0001",
    inspection: "quality", outcome: "passed"}}' >cupping.json

# At the key's next number: all that the ledger has was signed before.
mkdir copy
cp -R coop.key coop.journal copy
quipu sign --key coop.key -o one.qst cupping.json >/dev/null
quipu sign --key copy/coop.key -o two.qst cupping.json >/dev/null # its nonce makes it another
quipu fork-proof one.qst two.qst -o coop.fork >/dev/null
quipu sign --key importer.key --party hanse --ledger ledger -o end.qst coop.fork >/dev/null
submit end.qst >/dev/null
quipu prove ledger cafe-sur/SH-0001 -o coop.quipu >/dev/null
expect 0 quipu verify coop.quipu --policy policy.json

# From its first number on, since somebody has the key and not the journal.
cp exporter.key copy
quipu sign --key copy/exporter.key --new-journal --party cafe-sur --ledger ledger -o lost.qst \
    cupping.json >/dev/null
expect 1 submit lost.qst
says 'fork-proof --ledger ledger lost.qst -o proof.fork' err
quipu fork-proof --ledger ledger lost.qst -o proof.fork >/dev/null
quipu sign --key importer.key -o end.qst proof.fork >/dev/null
submit end.qst >/dev/null
quipu prove ledger cafe-sur/SH-0001 -o exporter.quipu >/dev/null
expect 1 quipu verify exporter.quipu --policy policy.json
says '^authorised          FAIL ' out
says 'a key of cafe-sur that has forked' out
# Bundles make halves as well: this one has the exporter's first statement.
expect 0 quipu fork-proof exporter.quipu lost.qst -o again.fork
cmp proof.fork again.fork || fail "another proof from the bundle"
