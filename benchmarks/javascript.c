/* Types texts by the C library, for javascript.py: loads the model of its first argument, and reads the texts of its
 * second, one a line. For each line of standard input it types all of them, by a new typist, and prints the
 * nanoseconds: for "words" it asks at the end of each word, for "keys" at every byte. */
#include <foreword.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHOWN = 3, LONGEST = 4096 };

static void ask(foreword_typist *typist, const char *text) {
    foreword_suggestion best[SHOWN];
    size_t found = 0;
    char *error = NULL;
    if (foreword_typist_suggest(typist, text, SHOWN, best, &found, &error) != FOREWORD_OK) {
        fprintf(stderr, "%s\n", error);
        exit(EXIT_FAILURE);
    }
}

static void type_all(foreword_typist *typist, FILE *texts, int at_every_key) {
    char line[LONGEST], typed[LONGEST];
    rewind(texts);
    while (fgets(line, sizeof line, texts)) {
        for (size_t end = 0; line[end] != '\0' && line[end] != '\n'; ++end) {
            typed[end] = line[end];
            typed[end + 1] = '\0';
            if (at_every_key || line[end] == ' ') ask(typist, typed);
        }
    }
}

int main(int argc, char **argv) {
    char *error = NULL, asked[16];
    foreword_model *model = argc == 3 ? foreword_model_load(argv[1], &error) : NULL;
    FILE *texts = argc == 3 ? fopen(argv[2], "r") : NULL;
    if (!model || !texts) {
        fprintf(stderr, "%s\n", error ? error : "usage: javascript MODEL-FOLDER TEXTS");
        return EXIT_FAILURE;
    }
    while (fgets(asked, sizeof asked, stdin)) {
        struct timespec begin, end;
        foreword_typist *typist = foreword_typist_new(model, NULL, &error);
        if (!typist) return EXIT_FAILURE;
        ask(typist, "");
        clock_gettime(CLOCK_MONOTONIC, &begin);
        type_all(typist, texts, strncmp(asked, "keys", 4) == 0);
        clock_gettime(CLOCK_MONOTONIC, &end);
        printf("%.0f\n", 1e9 * (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec));
        fflush(stdout);
        foreword_typist_free(typist);
    }
    fclose(texts);
    foreword_model_free(model);
    return EXIT_SUCCESS;
}
