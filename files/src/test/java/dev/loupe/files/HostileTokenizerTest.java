package dev.loupe.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class HostileTokenizerTest {
    private static final String REST =
            ",'pre_tokenizer':{'type':'ByteLevel','add_prefix_space':false},'decoder':{'type':'ByteLevel'}}";
    private static final String MODEL =
            "'model':{'type':'BPE','vocab':{'a':0,'b':1,'ab':2},'merges':['a b']}";

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'model':{'vocab':{'a':0,'a':1}}                    | the token 'a' twice",
                "{'model':{'vocab':{'a':0,'b':0}}                    | id 0: found both",
                "{'model':{'vocab':{'a':-1}}                         | an id of 0 or more",
                "{'model':{'vocab':{'a':2147483647}}                 | found the id 2147483647",
                "{'model':{'vocab':{'a':99999999999}}                | is not valid JSON",
                "{'model':{'vocab':{'a':'x'}}                        | expected an integer",
                "{'model':{'vocab':{'a':0},'merges':['a c']}         | found 'c'",
                "{'model':{'merges':['a c'],'vocab':{'a':0}}         | needs 'c', which is no"
                        + " token",
                "{'model':{'vocab':{'a':0},'merges':['ac']}          | two tokens with one space",
                "{'model':{'vocab':{'a':0},'merges':[['a']]}         | expected a string",
                "{'model':{'vocab':{'a':0},'merges':[['a','a','a']]} | expected an array of two",
                "{'model':{'vocab':{'a':0},'merges':7}               | expected an array",
                "{'model':{'vocab':{'a':0},'merges':['a a']}         | needs 'aa'",
                "{'model':{'type':'Unigram'}                         | found 'Unigram'",
                "{'model':{'vocab':{'a':0},'dropout':0.1}            | model.dropout",
                "{'model':{'vocab':{'a':0},'unk_token':'u'}          | model.unk_token: found 'u'",
                "{'model':{'vocab':{}}                               | the vocabulary is empty",
                "{'added_tokens':[{'id':1e99,'content':'x'}]         | found the id",
                "{'added_tokens':[{'id':0.5,'content':'x'}]          | an id of 0 or more",
                "{'added_tokens':[{'content':'x'}]                   | an id of 0 or more",
                "{'normalizer':{'type':'Lowercase'}                  | normalizer: found the type"
                        + " \"Lowercase\"",
                "{'post_processor':{'type':'BertProcessing'}         | \"BertProcessing\"",
            })
    void isRefusedWithTheFieldAndTheReason(String start, String reason) throws IOException {
        String json = start.contains("'model'") ? start + REST : start + "," + MODEL + REST;
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining(reason);
    }

    @Test
    void anUnknownSplitIsNamed() {
        String json =
                "{"
                        + MODEL
                        + ",'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(a+)+b'},'behavior':'Isolated'}}";
        assertThatThrownBy(() -> read(json)).hasMessageContaining("(a+)+b");
    }

    @Test
    void theGoodFileThatTheOthersAreMadeOfIsRead() throws IOException {
        write("{" + MODEL + REST);
        assertThat(TokenizerJson.read(folder).encode("abb")).containsExactly(2, 1);
        assertThat(TokenizerJson.read(folder, 10).vocabSize()).isEqualTo(10);
    }

    @Test
    void deepAndTruncatedAndMissingFilesAreRefused() throws IOException {
        assertThatThrownBy(() -> TokenizerJson.read(folder)).hasMessageContaining("no such file");
        assertThatThrownBy(() -> read("{'normalizer':" + "[".repeat(100_000)))
                .hasMessageContaining("not valid JSON");
        assertThatThrownBy(() -> read("{'model':{'vocab':{'a'"))
                .isInstanceOf(ModelFileException.class);
        assertThatThrownBy(() -> read("[]")).hasMessageContaining("expected an object");
    }

    @ParameterizedTest
    @CsvSource({"rwkv,tokenizer.ggml.model", "gpt2,tokenizer.ggml.pre"})
    void ggufOfUnknownKindIsNamed(String model, String field) {
        Map<String, Object> values =
                Map.of(
                        "tokenizer.ggml.model",
                        model,
                        "tokenizer.ggml.pre",
                        "no-such",
                        "tokenizer.ggml.tokens",
                        List.of("a"),
                        "tokenizer.ggml.merges",
                        List.of());
        assertThatThrownBy(() -> GgufTokenizer.read(new Metadata(Path.of("x.gguf"), values)))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("x.gguf: " + field + ": found '")
                .hasMessageContaining(model.equals("gpt2") ? "no-such" : "rwkv");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "token_type | 1 entries",
                "bos_token_id | found 7",
                "merges | merges[0]: found 'ab'",
                "scores | 1 scores for 3 tokens",
            })
    void ggufThatContradictsItselfIsRefused(String key, String reason) {
        Map<String, Object> values = new java.util.HashMap<>();
        values.put("tokenizer.ggml.model", key.equals("scores") ? "llama" : "gpt2");
        values.put("tokenizer.ggml.pre", "gpt-2");
        values.put("tokenizer.ggml.tokens", List.of("a", "b", "ab"));
        values.put("tokenizer.ggml.merges", List.of(key.equals("merges") ? "ab" : "a b"));
        if (key.equals("token_type")) {
            values.put("tokenizer.ggml.token_type", new long[] {1});
        } else if (key.equals("bos_token_id")) {
            values.put("tokenizer.ggml.bos_token_id", 7L);
        } else if (key.equals("scores")) {
            values.put("tokenizer.ggml.scores", new double[] {0});
        }
        assertThatThrownBy(() -> GgufTokenizer.read(new Metadata(Path.of("x.gguf"), values)))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void addedTokensAreBoundedTogether() {
        StringBuilder added = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            added.append(i == 0 ? "" : ",")
                    .append("{'id':%d,'content':'%s%d'}".formatted(i + 3, "x".repeat(200), i));
        }
        assertThatThrownBy(() -> read("{'added_tokens':[" + added + "]," + MODEL + REST))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("added tokens have 610890 characters in all");
    }

    @Test
    void aLongTokenWithAScoreIsRefused() {
        Map<String, Object> values =
                Map.of(
                        "tokenizer.ggml.model",
                        "llama",
                        "tokenizer.ggml.tokens",
                        List.of("a", "a".repeat(129)),
                        "tokenizer.ggml.scores",
                        new double[2]);
        assertThatThrownBy(() -> GgufTokenizer.read(new Metadata(Path.of("x.gguf"), values)))
                .isInstanceOf(ModelFileException.class)
                .hasMessageContaining("token 1 has 129 characters, expected at most 128");
    }

    private void read(String json) throws IOException {
        write(json);
        TokenizerJson.read(folder);
    }

    private void write(String json) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), json.replace('\'', '"'));
    }
}
