/* Next-word prediction from a Foreword model folder, in C.
 *
 * A model may be used by any threads at once; a state by one at a time. The library starts no thread that
 * outlives a call, and no C++ exception leaves it.
 *
 * A function that can fail takes `char **error` last. If it fails, it returns NULL, or FOREWORD_FAILED, and
 * *error, unless `error` is NULL, is a message for people, to be released by foreword_error_free. If it
 * succeeds, *error is NULL. Texts are UTF-8 and end with a NUL. A NULL handle may be freed.
 */
#ifndef FOREWORD_H
#define FOREWORD_H

#include <stddef.h>
#include <stdint.h>

#if defined(FOREWORD_EXPORTS) && defined(_WIN32)
#define FOREWORD_API __declspec(dllexport)
#elif defined(__GNUC__)
#define FOREWORD_API __attribute__((visibility("default")))
#else
#define FOREWORD_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define FOREWORD_OK 0
#define FOREWORD_FAILED 1

/* Ids that every model has: a word that the vocabulary lacks, and the end of a line. */
#define FOREWORD_UNK 0u
#define FOREWORD_EOS 1u

typedef struct foreword_model foreword_model;

/* What a model remembers of the words before: a few kilobytes. */
typedef struct foreword_state foreword_state;

/* The content of a file of a model folder. */
typedef struct {
    const char *name; /* in the folder, such as config.json */
    const void *data;
    size_t size;
} foreword_file;

typedef struct {
    uint32_t word; /* its id */
    double probability;
} foreword_candidate;

/* Suggests while one user types. It remembers the text and the states at its words, so that a letter more reads
 * nothing again. */
typedef struct foreword_typist foreword_typist;

/* Which keys are neighbours: a slip onto one of them is likelier. */
typedef enum { FOREWORD_QWERTY, FOREWORD_QWERTZ, FOREWORD_AZERTY } foreword_layout;

typedef struct {
    int tolerant;               /* 1: words that are a slip away are suggested even if others begin as typed */
    int offensive;              /* 1: offensive words are suggested, too */
    const char *const *blocked; /* further words that are never suggested, in any case; may be NULL */
    size_t blocked_count;
    foreword_layout layout;
    int phrases; /* 1: the words and phrases of up to three words are suggested that together save the most keys */
} foreword_typist_options;

/* A word or phrase to offer. Its texts live until the typist is asked again or freed. */
typedef struct {
    const char *word;   /* as it is written at the cursor, with the letters that are typed already */
    double probability; /* that this word is intended */
    const char *text;   /* what replaces the end of the text if the word is accepted, without a space after it */
    size_t replaces;    /* the bytes at the end of the text that it replaces; often 0 */
} foreword_suggestion;

/* A character that may come next. */
typedef struct {
    uint32_t character; /* its code point in Unicode; 10 for the end of the line */
    double probability;
} foreword_letter;

/* What letters at the end of a text are taken for: whichever is more probable, an unfinished word, or a whole one. */
typedef enum { FOREWORD_EITHER, FOREWORD_UNFINISHED, FOREWORD_WHOLE } foreword_ending;

/* What a layer of the network did at a word: foreword_model_hidden_size numbers for each. */
typedef struct {
    const float *h;     /* the hidden state after the word */
    const float *c;     /* the memory after it; NULL for a cell without one */
    const float *gates; /* one gate after the other, in the order of foreword_model_gates; NULL for a cell without gates */
} foreword_layer;

/* Such as "0.1.0". */
FOREWORD_API const char *foreword_version(void);

FOREWORD_API void foreword_error_free(char *error);

/* Loads a model folder; the weights are mapped into memory, and processes share them. */
FOREWORD_API foreword_model *foreword_model_load(const char *folder, char **error);

/* Loads a model from memory: config.json, model.safetensors and tokenizer.json, and those of rare.txt,
 * spacing.json and misspellings.json that the folder has. The data is not copied: it must stay unchanged
 * until the model, its states and its typists are freed. */
FOREWORD_API foreword_model *foreword_model_from_files(const foreword_file *files, size_t count, char **error);

/* States and typists of the model may still be used, and keep what they need of it. */
FOREWORD_API void foreword_model_free(foreword_model *model);

/* The number of words; their ids are below it. */
FOREWORD_API uint32_t foreword_model_words(const foreword_model *model);

/* The word with this id, which lives as long as the model; NULL if there is none. */
FOREWORD_API const char *foreword_model_word(const foreword_model *model, uint32_t id);

/* The id of a word that is spelled as the vocabulary has it; FOREWORD_UNK if it lacks the word. */
FOREWORD_API uint32_t foreword_model_id(const foreword_model *model, const char *word);

/* The layers of the network, and the units of each. */
FOREWORD_API size_t foreword_model_layers(const foreword_model *model);
FOREWORD_API size_t foreword_model_hidden_size(const foreword_model *model);

/* A letter for each gate of a unit, such as "ifgo" for the LSTM's input and forget gates, candidate and output gate; the
 * documentation has the equations of each cell. Empty for a cell without gates. */
FOREWORD_API const char *foreword_model_gates(const foreword_model *model);

/* The state at the beginning of a line. */
FOREWORD_API foreword_state *foreword_state_new(const foreword_model *model, char **error);

FOREWORD_API foreword_state *foreword_state_copy(const foreword_state *state, char **error);

FOREWORD_API void foreword_state_free(foreword_state *state);

/* Reads one more word; FOREWORD_EOS ends a line. If it fails, the state is as before. */
FOREWORD_API int foreword_state_advance(foreword_state *state, uint32_t word, char **error);

/* Reads a text that goes on where the state is: its words, and a FOREWORD_EOS for each line end. A word that
 * the vocabulary lacks is read as FOREWORD_UNK. If it fails, the state is as before. */
FOREWORD_API int foreword_state_read(foreword_state *state, const char *text, char **error);

/* The likeliest next words, by falling probability and then by rising id.
 *
 * candidates: room for k of them. found: how many there are, fewer than k if the vocabulary is smaller.
 * hidden: ids of words that are left out, though they have their share of the probability; may be NULL. */
FOREWORD_API int foreword_state_best(const foreword_state *state, size_t k, const uint32_t *hidden,
                                     size_t hidden_count, foreword_candidate *candidates, size_t *found,
                                     char **error);

/* The probability of every word as the next, by id: room for foreword_model_words of them. */
FOREWORD_API int foreword_state_probabilities(const foreword_state *state, float *probabilities, char **error);

/* The bytes of each state of the model. */
FOREWORD_API size_t foreword_state_size(const foreword_model *model);

/* Writes foreword_state_size bytes, which Foreword for Python reads, too. */
FOREWORD_API int foreword_state_to_bytes(const foreword_state *state, void *bytes, char **error);

/* Refuses bytes that are damaged or of another model. They are not signed: whoever knows the format can
 * make a state. */
FOREWORD_API foreword_state *foreword_state_from_bytes(const foreword_model *model, const void *bytes,
                                                       size_t size, char **error);

/* A typist for one user or field. If `options` is NULL, all are 0. The first typist of a model takes longer, since its
 * words are sorted then. Fails for a model whose words ICU separates or whose lines are wrapped, and for one of
 * which rare.txt, spacing.json or misspellings.json is damaged. */
FOREWORD_API foreword_typist *foreword_typist_new(const foreword_model *model,
                                                  const foreword_typist_options *options, char **error);

/* The same for a user who mixes languages: one list of words from several models, at least two. Each is weighed by how
 * frequent the words of the text are in its vocabulary, and one of little weight is not asked: what `MixedTypist` of
 * Foreword for Python gives. Phrases are suggested where one model is asked. Such a typist has no letters and no trace. */
FOREWORD_API foreword_typist *foreword_typist_new_mixed(const foreword_model *const *models, size_t count,
                                                        const foreword_typist_options *options, char **error);

FOREWORD_API void foreword_typist_free(foreword_typist *typist);

/* The likeliest words at the end of a text, by falling probability: what `Typist.suggest` of Foreword for Python
 * gives, without a personal layer; or, if the typist's options have `phrases`, words and phrases, what saves the most
 * keys first. Letters at the end are completed, mended if they have a slip, or followed by
 * a next word if they may be a whole word. Of a text of 4,096 characters or more, only the end is read.
 *
 * text: all of it up to the cursor. suggestions: room for k of them, at least one. found: how many there are. */
FOREWORD_API int foreword_typist_suggest(foreword_typist *typist, const char *text, size_t k,
                                         foreword_suggestion *suggestions, size_t *found, char **error);

/* The probability of every next character at the end of a text: letters, the space, marks and the end of the line, the
 * most probable first. They sum to 1. What `Typist.letters` of Foreword for Python gives, which explains it: for
 * scanning keyboards, Dasher and ambiguous keys. The first call sorts the ways in which the words are typed. Options
 * of the typist do not matter: a word that is never suggested can be spelled.
 *
 * text: all of it up to the cursor. ignore_case: 1 for a keyboard without capitals; every word is typed in lower case
 * then, and a typed capital counts as its small letter. letters: is set to an array of `count` letters, which lives
 * until the typist is asked again or freed. end_of_word: P(the letters at the end of the text are a whole word), 0
 * after a space or a mark; may be NULL. */
FOREWORD_API int foreword_typist_letters(foreword_typist *typist, const char *text, int ignore_case,
                                         const foreword_letter **letters, size_t *count, double *end_of_word,
                                         char **error);

/* What the network did at the last word that suggestions for a text are based on: what `Typist.trace` of Foreword for
 * Python gives. An unfinished word has not been read.
 *
 * text: all of it up to the cursor. ending: what letters at its end are. word: is set to the word, "<eos>" for the end of
 * a line and before the first word. layers: is set to an array of foreword_model_layers, the first one first. Both live
 * until the typist is asked for a trace again or freed. */
FOREWORD_API int foreword_typist_trace(foreword_typist *typist, const char *text, foreword_ending ending,
                                       const char **word, const foreword_layer **layers, char **error);

#ifdef __cplusplus
}
#endif

#endif
