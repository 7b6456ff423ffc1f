/* Does the first line of a file stand in the writable memory of a process? Prints 1 or 0:
 * find_in_memory PID FILE. Exits 77 when it may not look. */
#include "memory.h"

int main(int argc, char **argv)
{
    char line[256] = "";
    struct memory_needle needle;
    FILE *file = argc == 3 ? fopen(argv[2], "re") : NULL;
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        fputs("find_in_memory PID FILE\n", stderr);
        return 2;
    }
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    memory_mask(&needle, line, strlen(line));
    int found = memory_find((pid_t)strtol(argv[1], NULL, 10), &needle, 1);
    if (found < 0) {
        return 77;
    }
    printf("%d\n", found);
    return 0;
}
