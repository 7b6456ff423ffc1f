# The commands whose system calls fail one by one. Each has three functions:
#   NAME_make           a new folder `round`, with what the command needs
#   NAME_run            the command, behind $TRACE; what it says counts as acknowledged
#   NAME_check STATUS   whether all is as promised now; in `round`, after the command ended
# A command that writes to a ledger, or gives something out of it, gets its own three here.
SUBJECTS="submit recover_first recover_intent recover_signed init rebuild receipt audit"

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
