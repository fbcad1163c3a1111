/* Prints how long a model takes to load, and to load and suggest, in milliseconds; then the memory of the
 * process in kilobytes, now and at most. Linux. Arguments: a model folder. */
#include <foreword.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static long kilobytes(const char *name) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long found = -1;
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0) found = atol(line + strlen(name));
    }
    if (file) fclose(file);
    return found;
}

int main(int argc, char **argv) {
    char *error = NULL;
    foreword_suggestion best[3];
    size_t found = 0;
    const double start = milliseconds();
    foreword_model *model = argc == 2 ? foreword_model_load(argv[1], &error) : NULL;
    const double loaded = milliseconds();
    foreword_typist *typist = model ? foreword_typist_new(model, NULL, &error) : NULL;
    if (!typist || foreword_typist_suggest(typist, "", 3, best, &found, &error) != FOREWORD_OK) {
        fprintf(stderr, "%s\n", error ? error : "usage: c_library MODEL-FOLDER");
        return EXIT_FAILURE;
    }
    const double suggested = milliseconds();
    printf("%.3f %.3f %ld %ld\n", loaded - start, suggested - start, kilobytes("VmRSS:"), kilobytes("VmHWM:"));
    foreword_typist_free(typist);
    foreword_model_free(model);
    return EXIT_SUCCESS;
}
