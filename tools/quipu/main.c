/* quipu: a signed record of where lots come from. The table of its commands. */
#include "cli.h"

#include "core/check.h"
#include "host/crash.h"

#include <signal.h>
#include <string.h>

static const struct cli_command commands[] = {
    {NULL, "Keys and signing, with no ledger at hand", NULL},
    {"key", "make a key, look at one", cmd_key},
    {"events", "list the kinds of events, and what each holds", cmd_events},
    {"sign", "sign events written as JSON", cmd_sign},
    {"import", "sign what is kept in tables, from CSV and GeoJSON", cmd_import},
    {"survey", "look closely at the outlines of plots", cmd_survey},
    {"journal", "list what a key has signed, hand it out again", cmd_journal},

    {NULL, "The ledger", NULL},
    {"init", "open a new ledger", cmd_init},
    {"submit", "admit signed statements, give receipts", cmd_submit},
    {"receipt", "print a receipt again, check one offline", cmd_receipt},
    {"log", "list the entries in order", cmd_log},
    {"show", "show an entry, a party, a plot, a lot or a shipment", cmd_show},
    {"trace", "draw where a lot comes from, or where it went", cmd_trace},
    {"impact", "list what is touched if a thing turns out bad", cmd_impact},
    {"stats", "count what the ledger holds", cmd_stats},
    {"audit", "replay the ledger and compare everything", cmd_audit},

    {NULL, "Keeping it", NULL},
    {"backup", "copy what is new into a folder", cmd_backup},
    {"restore", "make a ledger of a backup", cmd_restore},
    {"resume", "let a restored ledger sign again", cmd_resume},
    {"scrub", "read all that is stored, mend what is damaged", cmd_scrub},

    {NULL, "Proof, for those who have no ledger", NULL},
    {"prove", "write the bundle of a shipment", cmd_prove},
    {"policy", "write what an importer trusts and requires, show it", cmd_policy},
    {"verify", "judge a bundle offline", cmd_verify},
    {"export", "write files for TRACES and the record of Article 9", cmd_export},
    {"fork-proof", "prove that a key told two histories", cmd_fork_proof},

    {NULL, "Other", NULL},
    {"explain", "say what a refusal means, and what to do", cmd_explain},
    {"bench", "measure what this machine does, beside what it could", cmd_bench},
    {"version", "print the versions of program, format and store", cmd_version},
};

static const char about[] =
    "A ledger of harvests, lots and shipments: everybody signs what they did, the log keeps it "
    "in order, and a buyer checks the whole history of a shipment offline.";

int main(int argc, char **argv)
{
    struct cli cli;
    struct qp_err err;
    qp_err_init(&err);
    qp_crash_words(
        "quipu: stopped at memory that cannot be read. A file it had open was cut short or is "
        "damaged: the store may be damaged; quipu scrub looks, quipu restore makes it "
        "anew from a backup\n",
        cli_exit(QP_E_STORE));
    /* A file at its limit is an error to tell of, not a reason to die. */
    (void)signal(SIGXFSZ, SIG_IGN);
    cli_init(&cli, argc, argv);
    static char version[] = "version";
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        argv[1] = version;
    }
    enum qp_code rc = qp_init(&err);
    if (rc == QP_OK) {
        rc = cli_dispatch(&cli, "quipu", about, commands, QP_COUNT(commands), argc, argv, &err);
    }
    if (rc != QP_OK) {
        cli_error(&cli, &err);
    }
    enum qp_code flushed = cli_finish(&cli, &err);
    if (rc == QP_OK && flushed != QP_OK) {
        rc = flushed;
        cli_error(&cli, &err);
    }
    cli_wipe(&cli);
    return cli_exit(rc);
}
