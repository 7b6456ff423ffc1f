# While a key is open: no core dump, no look from outside, no passphrase in memory, none in what is
# printed; and what the program says where secrets may reach swap.
. "$(dirname "$0")/lib.sh"
[ -e /proc/self/limits ] || { echo 'skipped: there is no /proc here'; exit 77; }

head -c 30 /dev/urandom | base64 | tr -d '\n' >pass
echo >>pass
key operator
quipu key new log.key --name log --passphrase-file pass >out
says_not "$(cat pass)" out
quipu init ledger --origin ledger.example/2026 --name 'Example ledger' --operator registry \
    --legal-name 'Registry' --registrar --key operator.key --log-key log.key \
    --log-passphrase-file pass --at 2026-02-01 >/dev/null

# A submit that waits for its input: its key is open by then.
mkfifo input
core_before=$(ulimit -c)
ulimit -c unlimited 2>/dev/null || ulimit -c "$(ulimit -H -c)"
start() {
    quipu submit ledger --log-key log.key --passphrase-file pass - <input >out 2>err &
    pid=$!
    exec 4>input
    tries=0
    # LMDB's file is mapped only after the key was opened.
    while ! grep -q data.mdb "/proc/$pid/maps" 2>/dev/null; do
        # Nobody but root sees the maps of a process that is closed to others.
        [ "$(id -u)" = 0 ] || ! grep -q '^Max core file size *0 ' "/proc/$pid/limits" || break
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail 'the submit never came to its input'
        sleep 0.1
    done
}

start
grep -q '^Max core file size *0  *0 ' "/proc/$pid/limits" || fail 'core dumps are on'
if [ "$(id -u)" != 0 ]; then
    # What belongs to a process that cannot be dumped belongs to root.
    is "$(stat -c %u "/proc/$pid/maps")" 0
    head -c 1 "/proc/$pid/environ" 2>/dev/null && fail 'the process can be looked into'
fi
for secret in pass log.key.secret; do
    [ "$secret" = pass ] || sed -n 's/^secret: //p' operator.key >"$secret"
    got=0
    "$FIND_IN_MEMORY" "$pid" "$secret" >found || got=$?
    case $got in
    0) is "$(cat found)" 0 ;;
    77) echo 'not looked at: the memory of the process, which is closed to others' ;;
    *) fail "find_in_memory ended with $got" ;;
    esac
done
# Where there are no sanitizers, which leave mlock out: the key's pages are locked.
if [ -z "$SANITIZED" ]; then
    locked=$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
    [ "$locked" -gt 0 ] || fail 'nothing is locked in memory'
fi

# Killed in a way that would leave a core, had the limit been raised again by somebody with power.
if [ "$(id -u)" = 0 ] && command -v prlimit >/dev/null; then
    prlimit --pid "$pid" --core=unlimited:unlimited 2>/dev/null ||
        echo 'not tried: a limit that is raised again'
fi
kill -ABRT "$pid"
exec 4>&-
got=0
wait "$pid" || got=$?
is "$got" 134
for file in core core.* ./*/core*; do
    [ ! -e "$file" ] || fail "a core was written: $file"
done
# The same of a process without a key, so that it is known what the above is worth.
(sh -c 'kill -ABRT $$') 2>/dev/null || true
set -- core*
[ -e "$1" ] || echo 'worth little: this system keeps no cores in the folder of a process'
rm -f core*
ulimit -c "$core_before" 2>/dev/null || true

# A wrong passphrase is told without it.
echo 'not the passphrase of this key' >wrong
got=0
quipu submit ledger --log-key log.key --passphrase-file wrong /dev/null >out 2>err || got=$?
is "$got" 1
says 'passphrase is wrong' err
says_not 'not the passphrase' err

# Where nothing may be locked, the program says so and goes on.
less='setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock'
[ "$(id -u)" = 0 ] || less=
if [ -n "$less" ] && ! $less true 2>/dev/null; then
    echo 'not tried: a process that may lock no memory'
elif [ -z "$SANITIZED" ]; then
    (
        ulimit -l 0
        expect 0 $less quipu journal operator.key
        says 'keys may reach swap' err
        expect 0 $less quipu journal operator.key --json
        [ ! -s err ] || fail 'a note among objects'
    )
    expect 0 quipu journal operator.key
    says_not 'swap' err
fi
