# The core's tables of characters are those of the Python that builds. Sets `tables` to their folder and
# `of_characters` to their files.
set(tables "${CMAKE_CURRENT_BINARY_DIR}/tables")
set(of_characters unicode_tables.inc text_tables.inc letter_tables.inc spacing_tables.inc sentence_tables.inc
    filter_tables.inc)
list(TRANSFORM of_characters PREPEND "${tables}/")
set(read_for_tables text/case.py text/characters.py text/lines.py text/segments.py text/spacing.py
    predictor/filter.py predictor/letters.py predictor/offensive.txt predictor/sentences.py predictor/spacing.py)
list(TRANSFORM read_for_tables PREPEND "${CMAKE_CURRENT_LIST_DIR}/../../src/foreword/")
add_custom_command(OUTPUT ${of_characters}
                   DEPENDS "${Python_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/unicode_tables.py" ${read_for_tables}
                   COMMAND "${Python_EXECUTABLE}" -B "${CMAKE_CURRENT_LIST_DIR}/unicode_tables.py" "${tables}")
