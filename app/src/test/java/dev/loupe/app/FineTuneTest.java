package dev.loupe.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code loupe finetune} and {@code loupe export}, as a user runs them. */
class FineTuneTest {
    @TempDir private Path folder;

    private String base = "";
    private String data = "";

    @BeforeEach
    void makeAModelAndExamples() throws IOException {
        Path text = folder.resolve("text.txt");
        Files.writeString(text, "the quick brown fox jumps over the lazy dog. ".repeat(60));
        base = folder.resolve("base").toString();
        Run run =
                Run.of(
                        Run.args(
                                "train --style llama --layers 1 --heads 2 --width 32 --context 64"
                                        + " --batch 2 --tokenizer bytes --steps 5 -t 2 -o",
                                base,
                                text.toString()));
        assertThat(run.err()).isEmpty();
        Path examples = folder.resolve("examples.jsonl");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            lines.add("{\"prompt\": \"say %d:\", \"completion\": \" aye\"}".formatted(i));
        }
        Files.write(examples, lines);
        data = examples.toString();
    }

    private Run finetune(String out, String options) {
        return Run.of(Run.args("finetune -t 2 " + options + " -o", out, base, data));
    }

    private static JsonNode next(String model) {
        Run run = Run.of("next", "-m", model, "say 3:", "--top", "3", "--json", "-t", "1");
        assertThat(run.err()).isEmpty();
        return run.json();
    }

    @Test
    void examplesBecomeAnAdapterThatIsAModel() throws IOException {
        String out = folder.resolve("run").toString();
        Run run = finetune(out, "--lora r=4,alpha=8 --epochs 10 --lr 2e-2");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("parameters in adapters of rank 4 over base")
                .contains(
                        "data: 18 examples to train on, 2 held back; 23 steps of 8 are 10.2 times")
                .contains("step 23 of 23: loss ", "sample at step", "done: ");
        assertThat(folder.resolve("run/model.safetensors")).doesNotExist();
        Run generated = Run.of("generate", "-m", out, "say 33:", "-n", "4", "--json");
        assertThat(generated.json().path("ids").size()).isBetween(1, 4);
        assertThat(Run.of("show", out).out()).contains("llama");
        assertThat(Run.of("tokenize", "-m", out, "--json", "ab").json().path("ids")).hasSize(2);
    }

    @Test
    void whatIsExportedComputesTheSame() throws IOException {
        String out = folder.resolve("run").toString();
        assertThat(finetune(out, "--lora r=4,targets=q,v --steps 5 --lr 2e-2").code()).isZero();
        JsonNode apart = next(out).path("candidates");
        for (String to : new String[] {"merged", "merged.gguf"}) {
            String merged = folder.resolve(to).toString();
            Run export = Run.of("export", out, merged);
            assertThat(export.err()).isEmpty();
            JsonNode together = next(merged).path("candidates");
            for (int i = 0; i < 3; i++) {
                assertThat(together.get(i).path("id")).isEqualTo(apart.get(i).path("id"));
                assertThat(together.get(i).path("logit").asDouble())
                        .isCloseTo(apart.get(i).path("logit").asDouble(), within(1e-5));
            }
        }
        String adapter = folder.resolve("adapter").toString();
        assertThat(Run.of("export", out, adapter, "--adapter").code()).isZero();
        JsonNode config =
                new ObjectMapper().readTree(folder.resolve("adapter/adapter_config.json").toFile());
        assertThat(config.path("base_model_name_or_path").asText()).isEqualTo(base);
        assertThat(config.path("target_modules"))
                .extracting(JsonNode::asText)
                .containsExactly("self_attn.q_proj", "self_attn.v_proj");
        // it is a model too, as long as its base is where it was
        assertThat(next(adapter).path("candidates")).isEqualTo(apart);
        assertThat(
                        Run.of("export", out, folder.resolve("q.gguf").toString(), "--type", "Q8_0")
                                .code())
                .isZero();
    }

    @Test
    void fullWeightsBecomeAModelOfTheirOwn() throws IOException {
        String out = folder.resolve("run").toString();
        assertThat(finetune(out, "--steps 100 --lr 1e-2").code()).isZero();
        Run answer = Run.of("generate", "-m", out, "say 33:", "--temperature", "0", "-n", "8");
        assertThat(answer.out()).isEqualTo(" aye\n");
        JsonNode trained = next(out).path("candidates");
        String gguf = folder.resolve("full.gguf").toString();
        assertThat(Run.of("export", out, gguf).err()).isEmpty();
        assertThat(next(gguf).path("candidates").get(0).path("logit").asDouble())
                .isCloseTo(trained.get(0).path("logit").asDouble(), within(1e-5));
        Run adapter = Run.of("export", out, folder.resolve("a").toString(), "--adapter");
        assertThat(adapter.code()).isEqualTo(1);
        assertThat(adapter.err()).contains("has no adapter: it was not trained with --lora");
    }

    @Test
    void aRunThatWasResumedIsTheRunThatWasNot() throws IOException {
        String options = "--lora r=4,dropout=0.1 --steps 12 --checkpoint-every 5";
        String straight = folder.resolve("a").toString();
        assertThat(finetune(straight, options + " --json").code()).isZero();
        String stopped = folder.resolve("b").toString();
        assertThat(finetune(stopped, options).code()).isZero();
        // as if it had been killed after step 10
        Files.delete(folder.resolve("b/checkpoints/step-00000012.checkpoint"));
        Files.delete(folder.resolve("b/adapter_model.safetensors"));
        Run resumed = Run.of("finetune", "--resume", "-o", stopped, "-t", "1");
        assertThat(resumed.out()).contains("going on from step 10");
        assertThat(Files.readAllBytes(folder.resolve("b/adapter_model.safetensors")))
                .isEqualTo(Files.readAllBytes(folder.resolve("a/adapter_model.safetensors")));
    }

    @Test
    void textIsTakenToo() {
        data = folder.resolve("text.txt").toString();
        Run run = finetune(folder.resolve("run").toString(), "--lora r=2 --steps 3 --context 32");
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("tokens, ", "step 3 of 3: loss ");
    }

    @Test
    void aDryRunLeavesNoRun() {
        String out = folder.resolve("dry").toString();
        Run run = finetune(out, "--lora r=4 --dry-run");
        assertThat(run.out()).contains("parameters in adapters", "memory: about", "time: about");
        assertThat(folder.resolve("dry")).doesNotExist();
    }

    private void fails(int code, String says, String options) {
        Run run = finetune(folder.resolve("no").toString(), options);
        assertThat(run.err()).startsWith("loupe: ").contains(says).hasLineCount(1);
        assertThat(run.code()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void whatCannotBeIsAnErrorBeforeAnythingIsWritten() throws IOException {
        fails(2, "--lora: found 'rank=3', expected such as r=16,alpha=32", "--lora rank=3");
        fails(2, "--lora: found 'r=x'", "--lora r=x");
        fails(2, "lora: found r=0, expected 1 to 1024", "--lora r=0");
        fails(2, "lora: found target 'w'", "--lora r=4,targets=q,w");
        fails(1, "lora: found target 'qkv', and the matrices of a llama are", "--lora targets=qkv");
        fails(2, "say --lora dropout=0.1", "--lora r=4 --dropout 0.1");
        fails(2, "--epochs and --steps say the same", "--epochs 1 --steps 2");
        fails(2, "batch: found 0", "--batch 0");
        fails(1, "context: found 100, and the model was made for 64 tokens", "--context 100");
        Files.writeString(Path.of(data), "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"a\"\n");
        fails(1, "line 2 is no JSON", "--epochs 1");
        assertThat(folder.resolve("no")).doesNotExist();
        Run none = Run.of("finetune", "-o", "x", base);
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("which model shall learn from what?");
        Run nowhere = Run.of("finetune", "--resume", "-o", base);
        assertThat(nowhere.code()).isEqualTo(1);
        assertThat(nowhere.err()).contains("is not the folder of a fine-tuning");
    }

    @Test
    void badLinesCanBePassedOver() throws IOException {
        Files.writeString(Path.of(data), "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"a\"\n");
        Run run = finetune(folder.resolve("run").toString(), "--skip-bad --lora r=2 --steps 1");
        assertThat(run.code()).isZero();
        assertThat(run.err()).isEqualTo("loupe: passed over 1 lines\n");
    }

    @Test
    void aSecondRunDoesNotOverwriteTheFirst() {
        String out = folder.resolve("run").toString();
        assertThat(finetune(out, "--lora r=2 --steps 1").code()).isZero();
        Run again = finetune(out, "--lora r=2 --steps 1");
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.err()).contains("has a run already");
        Run other = Run.of("train", "-o", out, folder.resolve("text.txt").toString());
        assertThat(other.err()).contains("has a run already");
        Run there = Run.of("export", out, base);
        assertThat(there.err()).contains("exists; --force replaces what is there");
        Run converted = Run.of("convert", out, folder.resolve("x.gguf").toString());
        assertThat(converted.err()).contains("is an adapter; write a model: loupe export");
    }
}
