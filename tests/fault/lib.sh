# What the fault tests share. Each sources this file first, in a folder of its own, with QUIPU and
# QP_SOURCE as the tests of the command line have them.
#   QP_FAULT_SHORT    yes: a sample of all that can be tried, in seconds; few: a smaller one
#   QP_FAULT_FIGURES  a file that gets a line for each kind: part, fault, tried, survived
#   QP_FAULT_KEEP     a folder that gets what was left behind by faults that were not survived
. "$QP_SOURCE/tests/cli/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
FIGURES=${QP_FAULT_FIGURES:-/dev/null}
# A sanitizer cannot look for leaks where another program traces; what it does find must not look
# like one of our own exit statuses.
ASAN_OPTIONS="detect_leaks=0:exitcode=99"
UBSAN_OPTIONS="halt_on_error=1:exitcode=99"
export ASAN_OPTIONS UBSAN_OPTIONS

skip() {
    echo "skipped: $*"
    exit 77
}

# how_many ALL SHORT
how_many() {
    if [ -n "${QP_FAULT_SHORT:-}" ]; then
        echo "$2"
    else
        echo "$1"
    fi
}

can_trace() {
    if ! strace -o /dev/null true 2>/dev/null; then
        skip "strace is not there, or may not trace"
    fi
}

# ---- Counting ----

failures=0
begin() {
    tried=0
    survived=0
}

# attempt WHAT COMMAND...: one fault. It is survived when the command, in a shell of its own, ends
# well; else its folder is kept and what it said is shown.
attempt() {
    what=$1
    shift
    tried=$((tried + 1))
    set +e # where a failure is asked for, a shell ends at none
    (
        set -e
        "$@"
    ) >said 2>&1
    ended=$?
    set -e
    if [ $ended -eq 0 ]; then
        survived=$((survived + 1))
    else
        failures=$((failures + 1))
        echo "NOT SURVIVED: $what" >&2
        head -n 20 said | sed 's/^/    /' >&2
        if [ -n "${QP_FAULT_KEEP:-}" ]; then
            mkdir -p "$QP_FAULT_KEEP"
            kept=$(mktemp -d "$QP_FAULT_KEEP/XXXXXX")
            cp -r round said "$kept" || true
            echo "    kept in $kept" >&2
        fi
    fi
}

# tell PART FAULT: the count since begin.
tell() {
    [ "$tried" -gt 0 ] || return 0
    printf '%s\t%s\t%d\t%d\n' "$1" "$2" "$tried" "$survived" | tee -a "$FIGURES"
}

finish() {
    [ "$failures" -eq 0 ] || fail "$failures faults were not survived"
}

# ---- A ledger in the middle of its season ----

# In `base`: ledger/ with parties, land and the deliveries d1.qst; d2.qst to d5.qst that are still to
# come, three statements each; stranger.qst, which is refused; all keys. SIZE is the ledger's size
# once all but d5.qst have come in.
prepare() {
    mkdir base
    cd base
    season_parties
    key stranger
    cp "$SAMPLE/producers-alto-mayo.csv" producers.csv
    cp "$SAMPLE/plots-alto-mayo.geojson" plots.geojson
    quipu import producers --key coop.key --party coop-norte --ledger ledger --at 2026-02-16 \
        -o producers.qst producers.csv >/dev/null 2>&1
    quipu import plots --key coop.key --party coop-norte --at 2026-02-16 -o plots.qst \
        plots.geojson >/dev/null 2>&1
    for part in 1 2 3 4 5; do
        {
            head -n 1 "$SAMPLE/deliveries-alto-mayo.csv"
            tail -n +$((part * 60 - 58)) "$SAMPLE/deliveries-alto-mayo.csv" | head -n 60
        } >deliveries.csv
        quipu import deliveries --key coop.key --party coop-norte --batch 20 -o "d$part.qst" \
            deliveries.csv >/dev/null 2>&1
    done
    jq -n '{occurred: "2026-02-03", producer_registered: {producer: "coop-norte/P-9999",
        identity: {seal: {kind: "producer", content: {name: "Ana"}}}}}' |
        quipu sign --key stranger.key --ledger ledger -o stranger.qst - >/dev/null
    submit producers.qst plots.qst d1.qst >/dev/null
    cp -r ledger whole
    quipu submit whole --log-key log.key --receipts receipts producers.qst plots.qst d1.qst d2.qst \
        d3.qst d4.qst >/dev/null
    SIZE=$(quipu stats --json whole | jq .entries)
    rm -rf whole receipts
    EARLY=2
    quipu receipt get ledger $EARLY -o early.tlog-proof >/dev/null
    cd ..
}

# A copy of a ledger of `base` in the folder `round`, with what may be submitted to it.
fresh() {
    rm -rf round
    mkdir round
    cp -r "base/$1" round/ledger
    cp base/log.key base/*.qst base/early.tlog-proof round/
}

# ---- What must hold afterwards; in the folder `round` ----

# lives STATUS [KILL]: neither a crash nor a sanitizer's finding.
lives() {
    case $1 in
    99) fail "a sanitizer found something" ;;
    137) [ "${2:-}" = KILL ] || fail "killed" ;;
    *) [ "$1" -lt 128 ] || fail "died of signal $(($1 - 128))" ;;
    esac
}

# Every checkpoint that the log's key has signed and that lies anywhere here: "size root".
notes() {
    find -H "$@" -type f \( -name 'anchor*' -o -name '*.tlog-proof' -o -name '.*.tmp' \) \
        -exec awk '
        # A note: origin, size, root, an empty line, and a signature, which is where it counts.
        FNR == 1 { a = b = c = d = "" }
        substr($0, 1, 4) == "\342\200\224 " && d == "" { print b, c }
        { a = b; b = c; c = d; d = $0 }' {} + 2>/dev/null
}

# Remember them, and see that no size has two roots.
no_fork() {
    notes "$@" >>roots || true # what is not there has signed nothing
    sort -u roots -o roots
    [ -s roots ] || fail "no checkpoint was found"
    forked=$(cut -d ' ' -f 1 roots | uniq -d)
    [ -z "$forked" ] || fail "two roots were signed for size $forked"
}

# acknowledged STATUS FILE...: what was acknowledged up to now, in receipts/ and in the lines of
# `acks`, must be what the statements of all files get when they are handed over again.
acknowledged() {
    rm -rf again
    want=$1
    shift
    expect "$want" quipu submit --json --receipts again ledger --log-key log.key "$@"
    jq -r 'select(.index != null) | [.file, .statement, .index] | @tsv' out | sort >have
    # A line that was cut short was read by nobody.
    grep -s '}$' acks | jq -r 'select(.index != null) | [.file, .statement, .index] | @tsv' |
        sort -u >told
    comm -23 told have >lost
    [ ! -s lost ] || fail "acknowledged and lost, or elsewhere now: $(head -n 1 lost)"
    for receipt in receipts/*.tlog-proof; do
        [ -e "$receipt" ] || continue
        cmp -s "$receipt" "again/${receipt##*/}" || fail "another receipt now: $receipt"
    done
}

# recovers: it is readable before it is opened for writing, opening it for writing is recovery, and
# then it is audited. The newest receipt is asked for by a reader.
recovers() {
    quipu receipt get ledger "$EARLY" 2>err | cmp -s - early.tlog-proof ||
        fail "the ledger cannot be read before it is opened for writing"
    no_fork ledger receipts
    expect 0 quipu submit --json ledger --log-key log.key d1.qst
    expect 0 quipu audit ledger
    newest=$(find receipts -name '*.tlog-proof' 2>/dev/null | sed 's/.*[/]//' | sort -n | tail -n 1)
    if [ -n "$newest" ]; then
        quipu receipt get ledger "${newest%.tlog-proof}" 2>err | cmp -s - "receipts/$newest" ||
            fail "quipu receipt get: another receipt than $newest"
    fi
    no_fork ledger receipts
}

# sound: the same, and all that is to be submitted goes in, after every promise was kept.
sound() {
    recovers
    acknowledged 1 d2.qst d3.qst stranger.qst d4.qst
    is "$(jq 'select(.result == "done") | .size' out)" "$SIZE"
    expect 0 quipu audit ledger
    no_fork ledger receipts again
}

# ---- No room ----

# Refused as a script can tell, and nothing changed.
is_full() {
    jq -e -s '.[-1].error == "full"' err >/dev/null || fail "no code \"full\""
    says "$1" err
    says 'what was acknowledged is safe\|try again' err
}

# Everything that reads works, and needs no room. (An audit needs some, for its replay.)
readable() {
    for command in "stats ledger" "show ledger coop-norte/P-0001" "log ledger" \
        "trace ledger coop-norte/E-2026-00001" "receipt get ledger $EARLY"; do
        # shellcheck disable=SC2086 # words
        expect 0 quipu $command
    done
    quipu receipt get ledger "$EARLY" | cmp -s - early.tlog-proof || fail "another receipt"
}

# ---- More statements than the season has ----

# more N FILE: N statements more by the cooperative, one producer each, into FILE.
next_producer=1000
more() {
    : >"$2"
    made=0
    while [ "$made" -lt "$1" ]; do
        next_producer=$((next_producer + 1))
        made=$((made + 1))
        jq -nc --arg id "coop-norte/P-$next_producer" '{occurred: "2026-02-20", producer_registered: {
            producer: $id, identity: {seal: {kind: "producer", content: {name: "Ana"}}}}}' |
            quipu sign --key "$WORK/base/coop.key" -o more.qst - >/dev/null 2>&1
        cat more.qst >>"$2"
        rm more.qst
    done
}

# ---- A disk of its own ----

# The test runs where its mounts are seen by nobody else and go away with it.
on_disks() {
    if [ "${QP_FAULT_ALONE:-}" != yes ]; then
        if ! unshare -m true 2>/dev/null; then
            skip "this user may not mount a file system"
        fi
        cd /
        rm -rf "$WORK"
        exec unshare -m env QP_FAULT_ALONE=yes sh "$QP_SOURCE/tests/fault/$1.sh"
    fi
    trap 'umount -l "$WORK"/disk* 2>/dev/null || true; rm -rf "$WORK"' EXIT
    PATH=$PATH:/usr/sbin:/sbin
    dd if=/dev/zero of=probe bs=1M count=4 status=none
    mkdir disk.probe
    if ! mkfs.ext4 -q probe >/dev/null 2>&1 || ! mount -o loop probe disk.probe 2>/dev/null; then
        skip "there is no mkfs.ext4, or no loop device to be had"
    fi
    umount disk.probe
    rm -r disk.probe probe
}

# disk MIB [MKFS OPTION...]: a new ext4 in the file `image`, mounted at disk/.
disk() {
    rm -f image
    truncate -s "$1M" image
    shift
    mkfs.ext4 -q -F -m 0 "$@" image
    mkdir -p disk
    mount -o loop image disk
}

# A whole number below $1, by chance.
chance() {
    awk -v seed="$(od -An -N4 -tu4 /dev/urandom)" -v below="$1" \
        'BEGIN { srand(seed); print int(rand() * below) }'
}
