/* Shows what is suggested at every key while a text is typed, and the text with the first suggestion taken:
 *
 *     cc typing.c $(pkg-config --cflags --libs foreword) -o typing
 *     ./typing MODEL-FOLDER "how ar"
 */
#include <foreword.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 3 };

static void fail(char *error) {
    fprintf(stderr, "%s\n", error ? error : "there is not enough memory");
    foreword_error_free(error);
    exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL-FOLDER TEXT\n", argv[0]);
        return EXIT_FAILURE;
    }
    char *error = NULL;
    foreword_model *model = foreword_model_load(argv[1], &error);
    if (!model) fail(error);
    foreword_typist *typist = foreword_typist_new(model, NULL, &error);
    if (!typist) fail(error);

    const size_t length = strlen(argv[2]);
    char *typed = calloc(length + 1, 1);
    if (!typed) fail(NULL);
    foreword_suggestion suggested[MOST_WORDS];
    size_t found = 0;
    for (size_t k = 0; k < length; ++k) {
        typed[k] = argv[2][k];
        if ((argv[2][k + 1] & 0xc0) == 0x80) continue; /* within a character of several bytes */
        if (foreword_typist_suggest(typist, typed, MOST_WORDS, suggested, &found, &error) != FOREWORD_OK) fail(error);
        printf("%s:", typed);
        for (size_t n = 0; n < found; ++n) printf(" %s (%.0f %%)", suggested[n].word, 100 * suggested[n].probability);
        printf("\n");
    }
    if (found) printf("%.*s%s\n", (int)(length - suggested[0].replaces), typed, suggested[0].text);
    free(typed);
    foreword_typist_free(typist);
    foreword_model_free(model);
    return EXIT_SUCCESS;
}
