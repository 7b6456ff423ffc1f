/* The frame of the program: what every command shares.
 *
 * A command is one function in cmd_<name>.c. It returns an enum qp_code, from which the exit status
 * follows (cli_exit), and fills err; where it has said by itself what is wrong, it leaves err->text
 * empty. Results go to stdout, all else to stderr. Text that came from outside goes through
 * cli_safe or a table before it is printed; numbers, hashes and names of our own need not. */
#ifndef QUIPU_CLI_H
#define QUIPU_CLI_H

#include <quipu/issue.h>
#include <quipu/log.h>

#include <jansson.h>
#include <stdio.h>

#define CLI_SAFE_TEXTS 8
#define CLI_REFUSALS 4

struct cli {
    bool json;      /* --json was given */
    bool color_out; /* stdout is a terminal that takes colour */
    bool color_err;
    bool secrets_told;    /* that keys may reach swap here, or not */
    bool progress_shown;  /* a progress line stands on stderr */
    uint64_t progress_ms; /* when it was last written */
    enum qp_code failed;  /* the first failure to print; QP_OK: none */
    /* Codes of the refusals that were told, each once; at the end, where to read on. */
    const char *refusals[CLI_REFUSALS];
    size_t refusal_count;
    size_t safe_next; /* which of `safe` is overwritten next */
    struct qp_buf safe[CLI_SAFE_TEXTS];
};

struct cli_command {
    const char *name;
    const char *help; /* one line; with `run` NULL the row is a heading of the list */
    enum qp_code (*run)(struct cli *cli, int argc, char **argv, struct qp_err *err);
};

/* ---- Options (cli_options.c) ---- */

enum cli_kind {
    CLI_FLAG,   /* to: bool */
    CLI_TEXT,   /* to: const char * */
    CLI_NEEDED, /* to: const char *; the command is refused without it */
    CLI_NUMBER, /* to: uint64_t; decimal */
    CLI_LIST    /* to: struct cli_list; may be given again and again */
};

#define CLI_LIST_MAX 64
struct cli_list {
    const char *items[CLI_LIST_MAX];
    size_t count;
};

/* Rows read like a line of the help. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct cli_option {
    char letter; /* 0: the long name only */
    const char *name;
    enum cli_kind kind;
    const char *value; /* what stands for the value in the help, such as "FILE"; NULL for a flag */
    void *to;          /* set only when the option is given */
    const char *help;  /* wrapped to the width by the helper */
};

#define CLI_OPTIONS_MAX 32

/* A command's face, said once: usage line, help text and what is accepted follow from it. --help
 * belongs to every command and --json to those with `json`; neither stands in `options`. */
struct cli_spec {
    const char *name;     /* "key new" */
    const char *operands; /* as shown, such as "LEDGER [FILE|-]..."; "" for none */
    const char *about;    /* paragraphs; wrapped */
    const struct cli_option *options;
    size_t option_count;
    int operands_least;
    int operands_most; /* -1: any number */
    bool json;
};

struct cli_operands {
    bool help; /* the help was printed: the command returns QP_OK at once */
    int count;
    char **list;
};

/* Read the options of a command; argv[0] is its name. QP_E_USAGE names the option; also when an
 * output must not be written where it is to go (target.h), or a file stands for LEDGER. */
enum qp_code cli_parse(struct cli *cli, const struct cli_spec *spec, int argc, char **argv,
                       struct cli_operands *operands, struct qp_err *err) QP_MUST_USE;
/* Run the command that argv[1] names, as `quipu` itself and `quipu key` do. `name` is what stands
 * before it: "quipu", "quipu key". about: shown by --help. */
enum qp_code cli_dispatch(struct cli *cli, const char *name, const char *about,
                          const struct cli_command *commands, size_t count, int argc, char **argv,
                          struct qp_err *err) QP_MUST_USE;

/* The value of an option that is a time. QP_E_USAGE. */
enum qp_code cli_time(const char *option, const char *text, uint64_t *time_ms,
                      struct qp_err *err) QP_MUST_USE;

/* ---- Saying things (cli.c) ---- */

void cli_init(struct cli *cli, int argc, char **argv);
void cli_wipe(struct cli *cli);
/* 0 done; 1 the answer is no; 2 usage; 3 input; 4 the machine failed. */
int cli_exit(enum qp_code code);
/* On stderr: "quipu: text [RULE]", or with --json {"error": …, "rule": …, "text": …}. Nothing when
 * the text is empty. */
void cli_error(struct cli *cli, const struct qp_err *err);
/* A refusal was told otherwise than by cli_error: its code is among those that cli_finish names.
 * "", and what is no code of the rules, counts for nothing. */
void cli_refusal(struct cli *cli, const char *rule);
/* On stderr: "quipu: " and a line that is no failure. Arguments from outside go through cli_safe.
 */
void cli_note(struct cli *cli, const char *format, ...) QP_PRINTF(2, 3);

/* The text made safe for a terminal; valid until CLI_SAFE_TEXTS more calls. Never NULL. */
const char *cli_safe(struct cli *cli, const char *text);
const char *cli_safe_span(struct cli *cli, struct qp_span text);
/* Print one JSON object as a line on stdout, and take the reference. NULL counts as no memory. */
void cli_json(struct cli *cli, json_t *object);
void cli_json_on(struct cli *cli, FILE *stream, json_t *object);

enum cli_style { CLI_RESET, CLI_BOLD, CLI_DIM, CLI_RED, CLI_GREEN, CLI_YELLOW };
/* The sequence that switches a style on, or "" where colour is not wanted. */
const char *cli_style(const struct cli *cli, FILE *stream, enum cli_style style);

/* One line on stderr, ten times a second at most, only where stderr is a terminal and --json is not
 * given: "doing 1,200 of 30,000". all = 0: not known. */
void cli_progress(struct cli *cli, const char *doing, uint64_t done, uint64_t all);
void cli_progress_end(struct cli *cli);

/* "1,234,567"; text has room for 27 characters. Returns text. */
const char *cli_number(char text[27], uint64_t value);
/* Say once how the refusals that were told are explained, and flush stdout; QP_E_IO when anything
 * did not get out. */
enum qp_code cli_finish(struct cli *cli, struct qp_err *err) QP_MUST_USE;

/* ---- Tables (cli_table.c) ---- */

struct cli_column {
    const char *title;
    bool right; /* numbers */
    bool wrap;  /* at most one: takes the width that the others leave, and goes on below */
};

#define CLI_COLUMNS_MAX 12

/* Rows are kept until the table is printed, so that columns line up: for many rows, print and begin
 * again every few hundred. All zeros but for `columns` and `column_count` is an empty table. */
struct cli_table {
    const struct cli_column *columns;
    size_t column_count;
    struct qp_buf cells; /* safe texts, each with a NUL behind */
    size_t cell_count;
};

/* The next cell of the current row; NULL and "" stand for nothing. */
void cli_cell(struct cli *cli, struct cli_table *table, const char *text);
void cli_cellf(struct cli *cli, struct cli_table *table, const char *format, ...) QP_PRINTF(3, 4);
/* To `stream`, within its width (80 where that is not known); the table is empty afterwards. */
void cli_table_print(struct cli *cli, struct cli_table *table, FILE *stream);
/* Columns that a UTF-8 text takes: its code points, without combining marks. */
size_t cli_width(const char *text);
/* Print words at an indent, in lines of at most `width` columns; the first line begins where the
 * cursor is, at column `at`. Ends with a newline. LF in the text ends a line. */
void cli_wrap(FILE *stream, const char *text, size_t at, size_t indent, size_t width);

/* ---- Keys, ledgers, files (cli_key.c) ---- */

/* Where a passphrase comes from; all NULL: the terminal is asked, if the key needs one. */
struct cli_secret {
    const char *file;
    const char *fd;
    const char *of; /* front of the options' names, such as "log-"; NULL: none */
};

/* Rows of an option table for a command that opens one key. */
#define CLI_SECRET_OPTIONS(secret)                                                                 \
    {0,      "passphrase-file", CLI_TEXT,                                                          \
     "FILE", &(secret).file,    "read the passphrase of the key from the first line of FILE"},     \
    {                                                                                              \
        0, "passphrase-fd", CLI_TEXT, "N", &(secret).fd, "read it from the open file descriptor N" \
    }

/* Before a key file or a passphrase is read otherwise than by the functions below: the process is
 * closed to others (confine.h), and a note said where secrets may reach swap. */
enum qp_code cli_secrets(struct cli *cli, struct qp_err *err) QP_MUST_USE;
/* Open a key file, and ask for its passphrase where it has one. */
enum qp_code cli_key_open(struct cli *cli, const char *path, const struct cli_secret *secret,
                          struct qp_key **key, struct qp_err *err) QP_MUST_USE;
/* The passphrase for a new key, asked twice; wipe `out`, which is secret. */
enum qp_code cli_new_passphrase(const char *path, const struct cli_secret *secret,
                                struct qp_buf *out, struct qp_err *err) QP_MUST_USE;
/* "coop.key" -> "coop.journal"; out ends in a NUL. */
enum qp_code cli_journal_path(const char *key_path, struct qp_buf *out,
                              struct qp_err *err) QP_MUST_USE;
/* 64 hexadecimal digits, a ledger.json, or a folder with one. */
enum qp_code cli_ledger_id(const char *text, struct qp_hash *ledger_id,
                           struct qp_err *err) QP_MUST_USE;
/* Key and journal of a command that reads what was signed; a journal that is not there is not made.
 * ledger: as above, or NULL for the only one. For commands that sign: issuer.h. */
enum qp_code cli_journal_open(struct cli *cli, const char *key_path,
                              const struct cli_secret *secret, const char *ledger,
                              struct qp_key **key, struct qp_journal **journal,
                              struct qp_err *err) QP_MUST_USE;

/* Put the bytes into a file in one step, or on stdout (cli_is_stdout). What must not be written
 * over was refused by cli_parse. `binary`: not onto a terminal. */
enum qp_code cli_output(struct cli *cli, const char *path, struct qp_span bytes, bool binary,
                        struct qp_err *err) QP_MUST_USE;

/* ---- Signing (cli_sign.c) ---- */

struct cli_signing {
    const char *output; /* NULL and "-": stdout */
    uint64_t batch;     /* most events in a statement */
};

/* NULL, "-", and whatever leads to the same place, such as /dev/stdout. */
bool cli_is_stdout(const char *path);
/* Before anything is signed: can it be handed out at all? QP_E_USAGE on a terminal. */
enum qp_code cli_check_output(const char *path, struct qp_err *err) QP_MUST_USE;
/* And is the batch one? QP_E_USAGE. */
enum qp_code cli_check_signing(const struct cli_signing *signing, struct qp_err *err) QP_MUST_USE;
/* Sign a draft, write the submission file, say what was done. */
enum qp_code cli_sign_draft(struct cli *cli, struct qp_journal *journal,
                            const struct qp_draft *draft, const struct cli_signing *signing,
                            struct qp_err *err) QP_MUST_USE;

/* ---- The commands ---- */

enum qp_code cmd_bench(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_import(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_init(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_journal(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_key(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_sign(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_submit(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_version(struct cli *cli, int argc, char **argv, struct qp_err *err);

enum qp_code cmd_audit(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_backup(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_restore(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_resume(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_scrub(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_events(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_explain(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_export(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_fork_proof(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_impact(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_log(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_policy(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_prove(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_receipt(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_show(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_stats(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_survey(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_trace(struct cli *cli, int argc, char **argv, struct qp_err *err);
enum qp_code cmd_verify(struct cli *cli, int argc, char **argv, struct qp_err *err);

#endif
