"""N-grams of word ids: counted, smoothed, looked up. No torch, no words, no files."""
