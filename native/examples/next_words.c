/* Prints the likeliest next words after a text:
 *
 *     cc next_words.c $(pkg-config --cflags --libs foreword) -o next_words
 *     ./next_words MODEL-FOLDER "how are"
 */
#include <foreword.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_WORDS = 5 };

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
    foreword_state *state = foreword_state_new(model, &error);
    if (!state) fail(error);

    if (foreword_state_read(state, argv[2], &error) != FOREWORD_OK) fail(error);

    const uint32_t hidden[] = {FOREWORD_UNK, FOREWORD_EOS};
    foreword_candidate best[MOST_WORDS];
    size_t found = 0;
    if (foreword_state_best(state, MOST_WORDS, hidden, 2, best, &found, &error) != FOREWORD_OK) fail(error);
    for (size_t k = 0; k < found; ++k) {
        printf("%6.2f %%  %s\n", 100 * best[k].probability, foreword_model_word(model, best[k].word));
    }
    foreword_state_free(state);
    foreword_model_free(model);
    return EXIT_SUCCESS;
}
