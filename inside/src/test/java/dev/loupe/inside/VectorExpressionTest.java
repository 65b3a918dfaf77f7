package dev.loupe.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loupe.inside.VectorExpression.Term;
import dev.loupe.tokens.Tokenizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Optional;
import java.util.stream.Collectors;

/** Sums of words are read as they are written, and words are the tokens that a person means. */
class VectorExpressionTest {
    private static final int VOCAB_SIZE = 49152;

    private final Optional<Tokenizer> tokenizer = Oracle.model("smollm2").tokenizer();

    private static String read(String text) {
        return VectorExpression.parse(text).terms().stream()
                .map(VectorExpressionTest::said)
                .collect(Collectors.joining());
    }

    private static String said(Term term) {
        TokenName name = term.name();
        return (term.minus() ? "-" : "+") + (name.exact() ? "<" + name.text() + ">" : name.text());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "woman - man + king,+woman-man+king",
                "- man,-man",
                "  + a   -  b  ,+a-b",
                "' a b' - 'c',+< a b>-<c>",
                "#12 + well-known,+#12+well-known",
                "-,+-",
                "C++ - C,+C++-C"
            })
    void aSumIsRead(String text, String terms) {
        assertThat(read(text)).isEqualTo(terms);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a -", "a -b", "- ", "'a", "a + 'b", "a + + b +", "''"})
    void whatIsNoSumIsSaid(String text) {
        assertThatThrownBy(() -> VectorExpression.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected a sum of words such as");
    }

    @Test
    void aListIsRead() {
        assertThat(VectorExpression.words(" one, two ' three'\n#4 "))
                .containsExactly(
                        new TokenName("one", false),
                        new TokenName("two", false),
                        new TokenName(" three", true),
                        new TokenName("#4", false));
        assertThat(VectorExpression.words("")).isEmpty();
        assertThatThrownBy(() -> VectorExpression.words("a 'b"))
                .hasMessageContaining("expected words between spaces");
    }

    private int[] ids(String text, boolean exact) {
        return new TokenName(text, exact).ids(tokenizer, VOCAB_SIZE);
    }

    @Test
    void aWordIsItsTokenWithABlankIfThereIsOne() {
        Tokenizer known = tokenizer.orElseThrow();
        assertThat(ids("king", false)).isEqualTo(known.encode(" king")).hasSize(1);
        assertThat(ids("king", true)).isEqualTo(known.encode("king"));
        assertThat(ids("king", true)).isNotEqualTo(ids("king", false));
        assertThat(ids("xylophonist", false)).isEqualTo(known.encode(" xylophonist")).hasSize(3);
        assertThat(ids("#49151", false)).containsExactly(49151);
        assertThatThrownBy(() -> ids("#49152", true))
                .hasMessage("token id: found 49152, expected 0 to 49151");
    }

    @Test
    void withoutATokenizerThereAreIdsAlone() {
        assertThat(new TokenName("#7", false).ids(Optional.empty(), 10)).containsExactly(7);
        assertThatThrownBy(() -> new TokenName("king", false).ids(Optional.empty(), 10))
                .hasMessageContaining("has no tokenizer");
    }
}
