package dev.loupe.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Iterator;
import java.util.List;

final class WarmUpTest {
    @Test
    void endsAfterTwoPassesThatAreNotFaster() {
        // the fourth is faster, but not by 3%
        Iterator<Double> rates = List.of(1.0, 2.0, 4.0, 4.1, 3.0, 99.0).iterator();
        WarmUp.untilSteady(Kernels.scalar(), rates::next);
        assertThat(rates).toIterable().containsExactly(99.0);
    }

    @Test
    void startsAgainWhenAPassIsFaster() {
        Iterator<Double> rates = List.of(2.0, 1.0, 3.0, 3.0, 3.0, 99.0).iterator();
        WarmUp.untilSteady(Kernels.scalar(), rates::next);
        assertThat(rates).toIterable().containsExactly(99.0);
    }
}
