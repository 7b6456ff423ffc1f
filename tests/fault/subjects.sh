# The commands whose system calls fail one by one. Each has three functions:
#   NAME_make           a new folder `round`, with what the command needs
#   NAME_run            the command, behind $TRACE; what it says counts as acknowledged
#   NAME_check STATUS   whether all is as promised now; in `round`, after the command ended
# A command that writes to a ledger, or gives something out of it, gets its own three here.
SUBJECTS="submit recover_first recover_intent recover_signed init init_there rebuild backup restore resume repair
    receipt audit"

submit_make() {
    fresh ledger
}

submit_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu submit --json --receipts receipts --rejected rejected ledger --log-key log.key \
        d2.qst d3.qst stranger.qst d4.qst
}

submit_check() {
    sound
}

# ---- Recovery: what a kill has left in the second of three groups ----

# interrupted NAME N: base/NAME, killed in front of the Nth rename, and what was acknowledged by then.
interrupted() {
    if [ ! -e "base/$1" ]; then
        fresh ledger
        cd round
        status=0
        TRACE="strace -f -qq -o ../trace -e inject=rename:signal=KILL:when=$2"
        submit_run >/dev/null 2>&1 || status=$?
        TRACE=
        is "$status" 137
        cd ..
        cp -r round/ledger "base/$1"
        cp -r round/receipts "base/$1.receipts"
    fi
    fresh "$1"
    cp -r "base/$1.receipts" round/receipts
}

# A group's renames: the anchor with the intent, the anchor with the checkpoint, three receipts.
recover_first_make() {
    interrupted unsigned 6
}

recover_intent_make() {
    interrupted intent 7
}

recover_signed_make() {
    interrupted signed 8
}

recover_first_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu submit --json --receipts receipts ledger --log-key log.key d3.qst
}

recover_intent_run() {
    recover_first_run
}

recover_signed_run() {
    recover_first_run
}

recover_first_check() {
    sound
}

recover_intent_check() {
    sound
}

recover_signed_check() {
    sound
}

# ---- A new ledger ----

init_make() {
    rm -rf round
    mkdir round
    cp base/log.key base/operator.key base/rules.qst round/
    mkdir round/ledger
}

init_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu init --json ledger --origin ledger.example/2026 --name 'Example ledger' \
        --operator registry --legal-name Registry --registrar --key operator.key \
        --log-key log.key --at 2026-02-01
}

# It is there, or can be finished by opening it, or says to remove what is left and to begin again;
# whatever was signed for size 1 stays the one.
init_check() {
    [ ! -s roots ] || no_fork ledger
    if [ "$1" -ne 0 ]; then
        got=0
        quipu submit ledger --log-key log.key rules.qst >out 2>err || got=$?
        case $got in
        1 | 4)
            if ! grep -q 'is not of this ledger\|for another ledger' err; then
                rm -rf ledger
            fi
            ;;
        esac
        if [ ! -e ledger/anchor ]; then
            expect 0 init_run
        fi
    fi
    no_fork ledger
    expect 0 quipu audit ledger
}

# Where there is a ledger already: refused, whatever fails, and the ledger is as it was.
init_there_make() {
    fresh ledger
    cp base/operator.key round/
}

init_there_run() {
    init_run
}

init_there_check() {
    cmp -s ledger/store/data.mdb ../base/ledger/store/data.mdb || fail "the ledger was written to"
    cmp -s ledger/anchor ../base/ledger/anchor || fail "the anchor was written to"
    sound
}

# ---- Derived tables, written anew ----

rebuild_make() {
    fresh ledger
}

rebuild_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu audit --json --rebuild --log-key log.key ledger
}

rebuild_check() {
    sound
}

# ---- Copies of a ledger, and a ledger from a copy ----

# base/copy, a backup of the ledger; base/later, the same ledger some statements later.
copied() {
    if [ ! -e base/copy ]; then
        quipu backup base/ledger base/copy >/dev/null
        cp -r base/ledger base/later
        quipu submit base/later --log-key base/log.key base/d2.qst >/dev/null
    fi
}

# as_before LEDGER ENTRIES: it can be read, is sound, and has the receipts that it gave.
as_before() {
    expect 0 quipu audit "$1"
    is "$(quipu stats --json "$1" | jq .entries)" "$2"
    quipu receipt get "$1" "$EARLY" | cmp -s - early.tlog-proof || fail "another receipt in $1"
    no_fork "$1"
}

backup_make() {
    copied
    fresh later
    cp -r base/copy round/
}

backup_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu backup --json ledger copy
}

# The copy is the old one or the new one, each of them whole, and the next backup goes through.
backup_check() {
    cmp -s ledger/store/data.mdb ../base/later/store/data.mdb || fail "the ledger was written to"
    expect 0 quipu restore copy now
    entries=$(quipu stats --json now | jq .entries)
    case $entries,$1 in
    15,* | 12,4 | 12,137) ;;
    *) fail "status $1 with $entries entries in the copy" ;;
    esac
    as_before now "$entries"
    expect 0 backup_run
    expect 0 quipu restore copy again
    as_before again 15
    sound
}

restore_make() {
    copied
    fresh ledger
    cp -r base/copy round/
}

restore_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu restore --json copy again
}

# It is there, or it is not, or it says that it was cut short; and it signs nothing.
restore_check() {
    if [ -e again/anchor ]; then
        refused=0
        quipu submit again --log-key log.key d2.qst >out 2>err || refused=$?
        case $refused in
        1 | 4) ;; # 1: there is no store yet
        *) fail "status $refused from a ledger that must not sign" ;;
        esac
    fi
    if [ "$1" -ne 0 ]; then
        # What failed takes back what it made; when it had come to ledger.json, all is there.
        if [ "$1" -ne 137 ] && [ -e again ]; then
            rmdir again 2>/dev/null || as_before again 12
        fi
        rm -rf again
        expect 0 restore_run
    fi
    as_before again 12
    sound
}

resume_make() {
    copied
    if [ ! -e base/restored ]; then
        quipu restore base/copy base/restored >/dev/null
    fi
    fresh restored
    cp base/ledger/anchor round/newest
}

resume_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu resume --json ledger --log-key log.key newest
}

resume_check() {
    if [ "$1" -ne 0 ]; then
        got=0
        resume_run >out 2>err || got=$?
        case $got in
        0 | 2) ;; # 2: it signs already
        *) fail "status $got when it is resumed again" ;;
        esac
    fi
    sound
}

repair_make() {
    copied
    fresh ledger
    cp -r base/copy round/
    # One bit of an event, wherever the store keeps it: the first event of the first delivery.
    place=$(grep -obUa 'coop-norte/E-2026-00007' round/ledger/store/data.mdb | head -n 1 | cut -d : -f 1)
    printf 'F' | dd of=round/ledger/store/data.mdb bs=1 seek=$((place + 11)) conv=notrunc status=none
}

repair_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu scrub --json --repair-from copy ledger
}

repair_check() {
    if [ "$1" -ne 0 ]; then
        expect 0 repair_run
    fi
    expect 0 quipu scrub ledger
    sound
}

# ---- Readers: the answer, or none ----

receipt_make() {
    fresh ledger
}

receipt_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu receipt get --json ledger "$EARLY" -o receipt
}

receipt_check() {
    if [ "$1" -eq 0 ]; then
        cmp -s receipt early.tlog-proof || fail "another receipt"
    fi
    cmp -s ledger/store/data.mdb ../base/ledger/store/data.mdb || fail "a reader wrote"
}

audit_make() {
    fresh ledger
}

audit_run() {
    # shellcheck disable=SC2086 # words
    $TRACE quipu audit --json ledger
}

audit_check() {
    if [ "$1" -eq 0 ]; then
        cmp -s acks ../audit.out || fail "another answer"
    fi
    cmp -s ledger/store/data.mdb ../base/ledger/store/data.mdb || fail "a reader wrote"
}
