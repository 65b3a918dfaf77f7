package dev.loupe.files.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ModelStoreTest {
    @TempDir Path home;

    private ModelStore store() {
        return new ModelStore(
                Settings.of(Map.of("HOME", home.toString(), "LOUPE_HOME", home + "")));
    }

    private Path put(String folder, String... files) throws IOException {
        Path path = Files.createDirectories(home.resolve("models").resolve(folder));
        for (String file : files) {
            Files.writeString(path.resolve(file), "12345");
        }
        new Manifest("x", List.of(files), "2026-01-02T03:04:05Z").write(path);
        return path;
    }

    @Test
    void listsWhatIsWhole() throws IOException {
        put("bartowski/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct-Q8_0", "a-Q8_0.gguf");
        put("openai-community/gpt2/safetensors", "config.json", "model.safetensors");
        Files.delete(put("a/partly/x-Q4_0", "x-Q4_0.gguf").resolve("x-Q4_0.gguf"));
        Files.delete(put("a/unfinished/x-Q4_0", "x-Q4_0.gguf").resolve(Manifest.NAME));
        assertThat(store().list())
                .extracting(StoredModel::name, StoredModel::format, StoredModel::bytes)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("gpt2", "safetensors", 10L),
                        org.assertj.core.groups.Tuple.tuple("smollm2", "GGUF Q8_0", 5L));
    }

    @Test
    void readsNoSymbolicLinkThatLeadsOut() throws IOException {
        Path real = put("a/b/x-Q4_0", "x-Q4_0.gguf");
        Path outside = Files.createDirectories(home.resolve("outside/repo/x-Q4_0"));
        Files.copy(real.resolve("x-Q4_0.gguf"), outside.resolve("x-Q4_0.gguf"));
        Files.copy(real.resolve(Manifest.NAME), outside.resolve(Manifest.NAME));
        Files.createSymbolicLink(home.resolve("models/link"), home.resolve("outside"));
        Files.delete(real.resolve("x-Q4_0.gguf"));
        Files.createSymbolicLink(real.resolve("x-Q4_0.gguf"), outside.resolve("x-Q4_0.gguf"));
        assertThat(store().list()).isEmpty();
        assertThat(store().resolve("link/repo")).isEmpty();
        assertThat(store().resolve("a/b:Q4_0")).isEmpty();
    }

    @Test
    void looksPastWhatIsNoModel() throws IOException {
        put("a/b/x-Q4_0", "x-Q4_0.gguf");
        Files.createDirectories(home.resolve("models/.git/objects/00"));
        Files.writeString(home.resolve("models/.DS_Store"), "x");
        Files.writeString(home.resolve("models/a/b/x-Q4_0/pulled.json.part"), "{");
        assertThat(store().list()).hasSize(1);
        assertThat(store().remove("a/b")).isEqualTo(6);
    }

    @Test
    void trustsNoNameInAManifest() throws IOException {
        Files.writeString(home.resolve("secret"), "12345");
        Path folder = put("a/b/x-Q4_0", "x-Q4_0.gguf");
        new Manifest("x", List.of("../../../../secret"), "2026-01-02T03:04:05Z").write(folder);
        assertThat(store().list()).isEmpty();
    }

    @Test
    void resolvesPathsBeforeNames() throws IOException {
        Path file = Files.writeString(home.resolve("some.gguf"), "x");
        assertThat(store().resolve(file.toString())).contains(file);
        Path folder = Files.createDirectory(home.resolve("folder"));
        assertThat(store().resolve(folder.toString())).isEmpty();
        Files.writeString(folder.resolve("config.json"), "{}");
        assertThat(store().resolve(folder.toString())).contains(folder);
        assertThat(store().resolve("a\0b")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gpt2 | `loupe pull gpt2` fetches openai-community/gpt2 (550 MB)",
                "me/mine:Q8_0 | `loupe pull me/mine:Q8_0` fetches it",
                "gtp2 | close to it: gpt2",
                "./model.gguf | no model and no file './model.gguf'",
            })
    void saysWhatAPullWouldFetch(String name, String words) {
        assertThatThrownBy(() -> store().require(name))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(words);
    }

    @Test
    void removesAModelAndTheFoldersThatItLeavesEmpty() throws IOException {
        put("a/b/x-Q4_0", "x-Q4_0.gguf");
        put("a/b/x-Q8_0", "x-Q8_0.gguf");
        assertThat(store().remove("a/b:Q4_0")).isEqualTo(5);
        assertThat(store().list()).extracting(StoredModel::name).containsExactly("a/b:Q8_0");
        store().remove("a/b");
        assertThat(home.resolve("models")).isEmptyDirectory();
    }

    @Test
    void namesCloseOnesForAModelThatItCannotRemove() throws IOException {
        put("openai-community/gpt2/safetensors", "config.json", "model.safetensors");
        assertThatThrownBy(() -> store().remove("gpt"))
                .hasMessageContaining("no model 'gpt' here")
                .hasMessageContaining("close to it: gpt2");
        assertThatThrownBy(() -> store().remove("../models")).hasMessageContaining("no model");
        assertThat(store().list()).hasSize(1);
    }

    @Test
    void takesItsSettingsFromTheEnvironment() throws IOException {
        Files.createDirectories(home.resolve("hf"));
        Files.writeString(home.resolve("hf/token"), "hf_file\n");
        Map<String, String> environment =
                Map.of(
                        "HOME", "/home/x",
                        "XDG_DATA_HOME", "/data",
                        "HF_HOME", home.resolve("hf").toString(),
                        "HF_ENDPOINT", "https://mirror.example/hub/",
                        "LOUPE_OFFLINE", "1");
        Settings settings = Settings.of(environment);
        assertThat(settings.root()).isEqualTo(Path.of("/data/loupe/models"));
        assertThat(settings.token()).isEqualTo("hf_file");
        assertThat(settings.endpoint()).isEqualTo(URI.create("https://mirror.example/hub"));
        assertThat(settings.offline()).isTrue();
        assertThat(settings.toString()).doesNotContain("hf_file");
        Settings plain = Settings.of(Map.of("HOME", "/home/x", "HF_TOKEN", "hf_env"));
        assertThat(plain.root()).isEqualTo(Path.of("/home/x/.local/share/loupe/models"));
        assertThat(plain.token()).isEqualTo("hf_env");
    }

    @ParameterizedTest
    @CsvSource({
        "HF_ENDPOINT, file:///etc",
        "HF_ENDPOINT, http://me:word@hub.example",
        "HF_ENDPOINT, a b",
        "HF_TOKEN, two words"
    })
    void refusesSettingsThatCannotBeMeant(String name, String value) {
        assertThatThrownBy(() -> Settings.of(Map.of(name, value)))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(name);
    }

    @ParameterizedTest
    @CsvSource({
        "https://huggingface.co/openai-community/gpt2, openai-community/gpt2",
        "https://huggingface.co/a/b/blob/main/x-Q8_0.gguf, a/b:x-Q8_0.gguf",
        "https://elsewhere.example/a/x.gguf, https://elsewhere.example/a/x.gguf",
        "GPT2, openai-community/gpt2",
        "a/b:Q4_K_M, a/b:Q4_K_M"
    })
    void readsHowPeopleNameModels(String text, String source) {
        URI hub = URI.create("https://huggingface.co");
        assertThat(Source.parse(text, hub)).hasToString(source);
    }

    @ParameterizedTest
    @CsvSource({
        "tinyllama-1.1b-chat-v1.0.Q4_K_M.gguf, Q4_K_M",
        "Qwen3-0.6B-Q8_0.gguf, Q8_0",
        "qwen2.5-0.5b-instruct-q4_k_m.gguf, Q4_K_M",
        "model-BF16.gguf, BF16",
        "gemma-IQ4_XS.gguf, IQ4_XS",
        "model.gguf,"
    })
    void readsTheQuantisationInAFileName(
            String file, @org.jspecify.annotations.Nullable String quantisation) {
        assertThat(Choice.quantisation(file))
                .isEqualTo(java.util.Optional.ofNullable(quantisation));
    }
}
