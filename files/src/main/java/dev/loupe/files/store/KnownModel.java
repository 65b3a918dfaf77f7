package dev.loupe.files.store;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A short name for a well-known model.
 *
 * @param megabytes about how much is fetched
 */
public record KnownModel(String name, Source.Hub source, int megabytes) {
    /** The table of short names: small models of every family that Loupe runs. */
    public static final List<KnownModel> ALL =
            List.of(
                    known("smollm2", "bartowski/SmolLM2-135M-Instruct-GGUF:Q8_0", 145),
                    known("smollm2-360m", "bartowski/SmolLM2-360M-Instruct-GGUF:Q8_0", 386),
                    known("smollm2-1.7b", "bartowski/SmolLM2-1.7B-Instruct-GGUF:Q4_K_M", 1056),
                    known("gpt2", "openai-community/gpt2", 550),
                    known("gpt2-medium", "openai-community/gpt2-medium", 1522),
                    known("gpt2-large", "openai-community/gpt2-large", 3249),
                    known("gpt2-xl", "openai-community/gpt2-xl", 6433),
                    known("distilgpt2", "distilbert/distilgpt2", 355),
                    known("pythia-70m", "EleutherAI/pythia-70m", 168),
                    known("pythia-160m", "EleutherAI/pythia-160m", 377),
                    known("pythia-410m", "EleutherAI/pythia-410m", 914),
                    known("qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M", 491),
                    known("qwen3-0.6b", "Qwen/Qwen3-0.6B-GGUF:Q8_0", 639),
                    known("llama-3.2-1b", "bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", 808),
                    known("gemma-3-270m", "unsloth/gemma-3-270m-it-GGUF:Q8_0", 292),
                    known("tinyllama", "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF:Q4_K_M", 669));

    /** The model of this short name, in any case of letters. */
    public static Optional<KnownModel> named(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return ALL.stream().filter(model -> model.name.equals(lower)).findFirst();
    }

    private static KnownModel known(String name, String source, int megabytes) {
        return new KnownModel(name, Source.Hub.parse(source), megabytes);
    }
}
