package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.kernels.Processor;
import dev.loupe.model.Gpt;
import dev.loupe.model.TinyGpt;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

/** Hooks are found by the names that the field knows. */
class HooksTest {
    private final Processor processor = Processor.of(1);
    private final Gpt gpt = TinyGpt.of(1, processor.threads());

    @AfterEach
    void close() {
        processor.close();
    }

    private List<String> matching(String... globs) {
        return Hooks.of(gpt).matching(List.of(globs)).stream().map(Hook::name).toList();
    }

    @Test
    void aStarStandsForAnyCharactersDotsToo() {
        assertThat(matching("blocks.*.attn.hook_pattern", "hook_e*"))
                .containsExactly(
                        "hook_embed", "blocks.0.attn.hook_pattern", "blocks.1.attn.hook_pattern");
        assertThat(matching("*scale"))
                .containsExactly(
                        "blocks.0.ln1.hook_scale",
                        "blocks.0.ln2.hook_scale",
                        "blocks.1.ln1.hook_scale",
                        "blocks.1.ln2.hook_scale",
                        "ln_final.hook_scale");
        assertThat(matching("blocks.?.hook_resid_mid")).hasSize(2);
        assertThat(matching("*")).hasSize(Hooks.of(gpt).all().size());
    }

    @Test
    void charactersThatRegularExpressionsKnowAreOnlyThemselves() {
        assertThatThrownBy(() -> matching("hook(embed|x)+")).isInstanceOf(HookException.class);
        assertThat(matching("****************************************_embed")).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "blocks.2.hook_resid_pre; hook blocks.2.hook_resid_pre: found block 2, expected 0"
                        + " to 1",
                "blocks.99999999999.*; hook blocks.99999999999.*: found block 99999999999, expected"
                        + " 0 to 1",
                "hook_pos_embed; hook hook_pos_embed: a model of the family llama has none",
                "block.1.attn.patern; close to it: blocks.1.attn.hook_pattern,",
                "resid_post; close to it: blocks.0.hook_resid_post,",
            })
    void anUnknownNameIsExplained(String glob, String message) {
        assertThatThrownBy(() -> matching(glob))
                .isInstanceOf(HookException.class)
                .hasMessageContaining(message);
        assertThatThrownBy(() -> Hooks.of(gpt).named(glob)).hasMessageContaining(message);
    }
}
