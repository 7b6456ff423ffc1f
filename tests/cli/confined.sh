# What reads a stranger's file is confined before the first byte of it is read, and the answers are
# what they are otherwise.
. "$(dirname "$0")/lib.sh"
if [ -n "$SANITIZED" ] || ! grep -q '^Seccomp:' /proc/self/status; then
    echo 'skipped: a build with a sanitizer, or a system without seccomp'
    exit 77
fi
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu policy new --ledger ledger --registrar registry --assessor geo-andes -o policy.json
quipu prove ledger cafe-sur/SH-0001 -o bundle.quipu >/dev/null
quipu receipt get ledger 3 -o receipt.txt >/dev/null 2>&1 || quipu receipt get ledger 3 >receipt.txt

# The process waits for what it reads: what may it do by then?
mkfifo input
waits_confined() {
    "$@" <input >out 2>err &
    pid=$!
    exec 4>input
    tries=0
    while ! grep -q '^Seccomp:[^0-9]*2' "/proc/$pid/status"; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "not confined: $*"
        sleep 0.05
    done
    grep -q '^NoNewPrivs:[^0-9]*1' "/proc/$pid/status" || fail 'it may gain privileges'
    # The policy is closed again, and beside the standard streams nothing else is open.
    [ "$(id -u)" != 0 ] || is "$(find "/proc/$pid/fd" -lname "$WORK/*" ! -lname "$WORK/input" \
        ! -lname "$WORK/out" ! -lname "$WORK/err" | wc -l)" 0
    cat bundle.quipu >&4
    exec 4>&-
    got=0
    wait "$pid" || got=$?
}
waits_confined quipu verify --policy policy.json -
mv out confined.out
expect "$got" quipu verify --policy policy.json - <bundle.quipu
cmp out confined.out || fail 'another verdict'

# Every form of the answer, to a file, a pipe and several bundles; a file that is not there is told,
# and costs the others nothing.
for more in '' '--json' '--explain located' '--explain located --json --limit 0'; do
    # shellcheck disable=SC2086 # several options
    expect "$got" quipu verify --policy policy.json $more bundle.quipu bundle.quipu
    [ -s out ] || fail "no answer: $more"
done
expect 4 quipu verify --policy policy.json nowhere.quipu bundle.quipu
says 'nowhere.quipu' err
says 'authentic' out
expect 3 quipu verify --policy policy.json policy.json
expect 0 quipu receipt check --policy policy.json receipt.txt
expect 0 quipu policy show policy.json
expect 0 quipu policy show --json policy.json

# More files than a process may have open by default: as many as it may have at all.
(
    ulimit -S -n 40
    set --
    for i in $(seq 60); do
        set -- "$@" bundle.quipu
    done
    expect "$got" quipu verify --policy policy.json --json "$@"
    is "$(wc -l <out)" 60
)
