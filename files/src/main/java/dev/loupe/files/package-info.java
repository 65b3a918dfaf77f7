/**
 * Model files: GGUF, safetensors, the configuration and tokenizer of a Hugging Face folder, NumPy
 * arrays, and the local store of models.
 */
@NullMarked
package dev.loupe.files;

import org.jspecify.annotations.NullMarked;
