/* Is every rule held by a test?
 *
 *   mutants SURVIVORS [--all] [--only N] [--sequences N] [--verbose] PROGRAM...
 *
 * Takes out one rule after the other (mutate.awk) and looks whether the model notices, and where it
 * does not, whether one of the programs (the rules' own tests, built with the changed rules) does.
 * A rule that nobody misses fails, unless SURVIVORS gives a reason; so does a reason that is not
 * needed any more. Without --all a sample is tried; --only N --verbose shows how the model notices.
 */
#include "model/mutant.h"
#include "model/story.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLE 8 /* one of so many is tried without --all */

struct site {
    unsigned number;
    const char *kind;
    const char *file;
    unsigned line;
    const char *text;
};

static const struct site sites[] = {
#include "sites.inc"
};

struct options {
    uint64_t sequences;
    unsigned only;
    bool all;
    bool verbose;
    char **programs;
    int program_count;
};

static void be_quiet(void)
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) {
        dup2(nowhere, 1);
        dup2(nowhere, 2);
    }
    alarm(120);
}

static bool failed(pid_t child)
{
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("mutants");
        exit(4);
    }
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* show: and print how. */
static bool model_notices(unsigned site, uint64_t sequences, bool show)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct teller teller = {.side = side_memory_open(), .length = 120, .quiet = !show};
        if (!show) {
            be_quiet();
        }
        qp_mutant_set(site);
        for (uint64_t seed = 1; seed <= sequences; seed++) {
            if (!tell(&teller, seed)) {
                fflush(stdout);
                _exit(1);
            }
        }
        _exit(0);
    }
    return failed(child);
}

static bool program_notices(unsigned site, const char *program)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char number[16];
        snprintf(number, sizeof number, "%u", site);
        setenv("QP_MUTANT", number, 1);
        be_quiet();
        execl(program, program, (char *)NULL);
        _exit(0);
    }
    return failed(child);
}

static bool noticed(const struct options *options, unsigned site)
{
    if (model_notices(site, options->sequences, options->only != 0 && options->verbose)) {
        return true;
    }
    for (int i = 0; i < options->program_count; i++) {
        if (program_notices(site, options->programs[i])) {
            return true;
        }
    }
    return false;
}

/* ---- Reasons ---- */

/* "file kind text: reason", where text is in the line of the place. */
struct reason {
    char file[32];
    char kind[16];
    char text[128];
    bool used;
};

static struct reason reasons[64];
static size_t reason_count;

static void read_reasons(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(4);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        struct reason *reason = &reasons[reason_count];
        char *end = strstr(line, " -- ");
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        if (end == NULL || reason_count == QP_COUNT(reasons) ||
            (*end = '\0',
             sscanf(line, "%31s %15s %127[^\n]", reason->file, reason->kind, reason->text) != 3)) {
            fprintf(stderr, "%s: %s", path, line);
            exit(3);
        }
        reason_count++;
    }
    fclose(file);
}

static bool has_reason(const struct site *site)
{
    for (size_t i = 0; i < reason_count; i++) {
        if (strcmp(reasons[i].file, site->file) == 0 && strcmp(reasons[i].kind, site->kind) == 0 &&
            strstr(site->text, reasons[i].text) != NULL) {
            reasons[i].used = true;
            return true;
        }
    }
    return false;
}

static struct options read_options(int count, char **arguments)
{
    struct options options = {.sequences = 150};
    int i = 2;
    if (count < 2) {
        fprintf(stderr, "usage: mutants SURVIVORS [--all] [--only N] [--sequences N] [--verbose] "
                        "PROGRAM...\n");
        exit(2);
    }
    for (; i < count && arguments[i][0] == '-'; i++) {
        if (strcmp(arguments[i], "--verbose") == 0) {
            options.verbose = true;
        } else if (strcmp(arguments[i], "--all") == 0) {
            options.all = true;
        } else if (strcmp(arguments[i], "--sequences") == 0 && i + 1 < count) {
            options.sequences = strtoull(arguments[++i], NULL, 10);
        } else if (strcmp(arguments[i], "--only") == 0 && i + 1 < count) {
            options.only = (unsigned)strtoul(arguments[++i], NULL, 10);
        }
    }
    for (int at = i; at < count; at++) {
        if (access(arguments[at], X_OK) != 0) {
            perror(arguments[at]);
            exit(2);
        }
    }
    options.programs = arguments + i;
    options.program_count = count - i;
    return options;
}

int main(int count, char **arguments)
{
    struct options options = read_options(count, arguments);
    size_t tried = 0;
    size_t survived = 0;
    size_t excused = 0;
    bool good = true;
    read_reasons(arguments[1]);
    world_keys_open();
    if (noticed(&options, 0)) {
        printf("the rules as they are do not pass\n");
        return 1;
    }
    for (size_t i = 0; i < QP_COUNT(sites); i++) {
        const struct site *site = &sites[i];
        bool wanted = options.only != 0 ? options.only == site->number
                                        : options.all || i % SAMPLE == SAMPLE / 2;
        if (!wanted) {
            continue;
        }
        bool seen = noticed(&options, site->number);
        tried++;
        if (options.verbose || !seen) {
            bool excuse = !seen && has_reason(site);
            printf("%s %u %s %s:%u: %s\n",
                   seen     ? "noticed"
                   : excuse ? "excused"
                            : "SURVIVED",
                   site->number, site->kind, site->file, site->line, site->text);
            survived += !seen && !excuse;
            excused += excuse;
        }
    }
    for (size_t i = 0; i < reason_count && options.all; i++) {
        if (!reasons[i].used) {
            printf("no survivor any more: %s %s %s\n", reasons[i].file, reasons[i].kind,
                   reasons[i].text);
            good = false;
        }
    }
    printf("%zu places, %zu survived, %zu excused\n", tried, survived, excused);
    world_keys_close();
    return good && survived == 0 ? 0 : 1;
}
