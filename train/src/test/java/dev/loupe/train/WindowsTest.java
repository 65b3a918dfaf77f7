package dev.loupe.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.HashSet;
import java.util.Set;

class WindowsTest {
    @ParameterizedTest
    @CsvSource({"9, 8", "16, 8", "17, 8", "100, 8", "1003, 7", "5000, 1", "70000, 64"})
    void anEpochHasEveryWindowOnceAndInside(long tokens, int length) {
        Windows windows = new Windows(1000, tokens, length, 42);
        for (int epoch = 0; epoch < 5; epoch++) {
            Set<Long> starts = new HashSet<>();
            long shift = -1;
            for (long n = 0; n < windows.perEpoch(); n++) {
                long start = windows.start(epoch * windows.perEpoch() + n);
                assertThat(start).isBetween(1000L, 1000 + tokens - length - 1);
                shift = shift < 0 ? (start - 1000) % length : shift;
                assertThat((start - 1000) % length).isEqualTo(shift);
                starts.add(start);
            }
            assertThat(starts).hasSize((int) windows.perEpoch());
        }
    }

    @Test
    void epochsAndSeedsDiffer() {
        Windows windows = new Windows(0, 10_000, 10, 1);
        Windows other = new Windows(0, 10_000, 10, 2);
        int same = 0;
        int likeOther = 0;
        for (long n = 0; n < windows.perEpoch(); n++) {
            same += windows.start(n) == windows.start(n + windows.perEpoch()) ? 1 : 0;
            likeOther += windows.start(n) == other.start(n) ? 1 : 0;
        }
        assertThat(same).isLessThan(20);
        assertThat(likeOther).isLessThan(20);
    }

    @Test
    void neighboursAreFarApart() {
        Windows windows = new Windows(0, 1_000_000, 100, 5);
        int near = 0;
        for (long n = 0; n < 1000; n++) {
            near += Math.abs(windows.start(n) - windows.start(n + 1)) < 5_000 ? 1 : 0;
        }
        assertThat(near).isLessThan(40);
    }

    @Test
    void tooLittleTextIsAnErrorThatSaysHowMuchIsNeeded() {
        assertThatThrownBy(() -> new Windows(0, 64, 64, 0))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("64 tokens");
    }
}
