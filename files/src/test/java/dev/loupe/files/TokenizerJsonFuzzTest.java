package dev.loupe.files;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;

import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Tokenizer;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

@Tag("fuzz")
class TokenizerJsonFuzzTest {
    /** One small tokenizer of each kind, from which changes start. */
    static Stream<Arguments> seeds() {
        return Stream.of(
                        """
                        {"added_tokens":[{"id":3,"content":"<s>","special":true,"normalized":false}],
                         "normalizer":{"type":"NFC"},
                         "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
                         "decoder":{"type":"ByteLevel"},
                         "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"\u0120":4},
                         "merges":["a b"]}}
                        """,
                        """
                        {"pre_tokenizer":{"type":"Sequence","pretokenizers":[
                         {"type":"Digits","individual_digits":true},
                         {"type":"Split","pattern":{"Regex":"\\p{N}{1,3}"},"behavior":"Isolated"},
                         {"type":"ByteLevel","add_prefix_space":true,"use_regex":false}]},
                         "post_processor":{"type":"TemplateProcessing","single":[
                         {"SpecialToken":{"id":"a"}},{"Sequence":{"id":"A"}}],
                         "special_tokens":{"a":{"ids":[0]}}},"decoder":{"type":"ByteLevel"},
                         "model":{"vocab":{"a":0,"1":1},"merges":[],"ignore_merges":true}}
                        """,
                        """
                        {"added_tokens":[{"id":4,"content":"x y","lstrip":true,"rstrip":true,
                         "single_word":true,"normalized":true}],
                         "normalizer":{"type":"Sequence","normalizers":[
                         {"type":"Prepend","prepend":"\u2581"},
                         {"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},
                         "decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},
                         {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
                         "model":{"byte_fallback":true,"unk_token":"?","fuse_unk":true,
                         "vocab":{"\u2581":0,"a":1,"\u2581a":2,"?":3,"<0x0A>":5},
                         "merges":[["\u2581","a"]]}}
                        """,
                        """
                        {"pre_tokenizer":{"type":"Metaspace","replacement":"\u2581",
                         "prepend_scheme":"first","split":true},
                         "decoder":{"type":"Metaspace","replacement":"\u2581"},
                         "model":{"vocab":{"\u2581":0,"a":1},"merges":[]}}
                        """)
                .map(json -> Arguments.of(json, "a 1 <s> x y ab\n"));
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "20s")
    void eitherReadsOrRefusesInOneLine(@NotNull String json, @NotNull String text)
            throws IOException {
        Path folder = Files.createTempDirectory("tokenizer");
        Path file = folder.resolve("tokenizer.json");
        try {
            Files.writeString(file, json.replaceAll("[\\ud800-\\udfff]", "?"));
            Tokenizer tokenizer = TokenizerJson.read(folder);
            int[] ids = tokenizer.encode(text, new EncodeOptions(true, true)).ids();
            if (tokenizer.decode(ids).isEmpty() && ids.length > 2 * text.length() * 4 + 64) {
                throw new IllegalStateException(ids.length + " tokens of nothing");
            }
        } catch (ModelFileException refused) {
            if (String.valueOf(refused.getMessage()).contains("\n")) {
                throw new IllegalStateException("more than one line", refused);
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }
}
