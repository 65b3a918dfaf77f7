package dev.loupe.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;

/** Workers share tasks, pass on what goes wrong, and rest. */
@Timeout(60)
class ThreadsTest {
    private static final int[] ITEMS = {0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 1000};

    private static List<Thread> workers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("loupe-worker-"))
                .toList();
    }

    /** The workers of a new pool: those that were not there before. */
    private static List<Thread> started(Set<Thread> before) {
        List<Thread> threads = new ArrayList<>(workers());
        threads.removeAll(before);
        return threads;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void everyItemRunsOnceInPartsThatAreNotTooLarge(int count) {
        try (Threads threads = new Threads(count)) {
            for (int items : ITEMS) {
                for (int grain : new int[] {1, 3, 64, 5000}) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(items);
                    AtomicInteger wrong = new AtomicInteger();
                    threads.each(
                            items,
                            grain,
                            (worker, from, to) -> {
                                if (worker < 0 || worker >= count || to - from > grain) {
                                    wrong.incrementAndGet();
                                }
                                for (int i = from; i < to; i++) {
                                    runs.incrementAndGet(i);
                                }
                            });
                    assertThat(wrong.get()).isZero();
                    for (int i = 0; i < items; i++) {
                        assertThat(runs.get(i)).as("item %d of %d", i, items).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void workersWorkAtTheSameTime() {
        try (Threads threads = new Threads(3)) {
            CountDownLatch all = new CountDownLatch(3);
            AtomicIntegerArray who = new AtomicIntegerArray(3);
            // no part ends before each worker has one
            threads.each(
                    3,
                    1,
                    (worker, from, to) -> {
                        who.incrementAndGet(worker);
                        all.countDown();
                        await(all);
                    });
            assertThat(who).hasToString("[1, 1, 1]");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void tenThousandTinyTasksEachEndBeforeTheNext() {
        try (Threads threads = new Threads(4)) {
            AtomicLong sum = new AtomicLong();
            for (int task = 0; task < 10_000; task++) {
                threads.each(5, 1, (worker, from, to) -> sum.addAndGet(from));
                assertThat(sum.get()).isEqualTo(10L * (task + 1));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void whatAPartThrowsIsThrownAndTheNextTaskRuns(int count) {
        try (Threads threads = new Threads(count)) {
            for (int bad = 0; bad < 20; bad++) {
                int thrower = bad;
                assertThatThrownBy(() ->
                                threads.each(
                                        20,
                                        1,
                                        (worker, from, to) -> {
                                            if (from == thrower) {
                                                throw new IllegalStateException("item " + from);
                                            }
                                        }))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("item " + bad);
                AtomicInteger ran = new AtomicInteger();
                threads.each(20, 1, (worker, from, to) -> ran.incrementAndGet());
                assertThat(ran.get()).isEqualTo(20);
            }
            assertThatThrownBy(() ->
                            threads.each(
                                    8,
                                    1,
                                    (worker, from, to) -> {
                                        throw new StackOverflowError("deep");
                                    }))
                    .isInstanceOf(StackOverflowError.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void aTaskInsideOfAPartRunsToo(int count) {
        try (Threads threads = new Threads(count)) {
            AtomicIntegerArray runs = new AtomicIntegerArray(50 * 70);
            threads.each(
                    50,
                    1,
                    (worker, from, to) ->
                            threads.each(
                                    70,
                                    4,
                                    (inner, first, last) -> {
                                        for (int i = first; i < last; i++) {
                                            runs.incrementAndGet(from * 70 + i);
                                        }
                                    }));
            for (int i = 0; i < runs.length(); i++) {
                assertThat(runs.get(i)).isEqualTo(1);
            }
        }
    }

    @Test
    void callersTakeTurns() throws InterruptedException {
        try (Threads threads = new Threads(3)) {
            AtomicIntegerArray running = new AtomicIntegerArray(2);
            AtomicInteger mixed = new AtomicInteger();
            List<Thread> callers = new ArrayList<>();
            for (int c = 0; c < 2; c++) {
                int mark = c;
                Threads.Part part =
                        (worker, from, to) -> {
                            running.incrementAndGet(mark);
                            mixed.addAndGet(running.get(1 - mark));
                            running.decrementAndGet(mark);
                        };
                callers.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    for (int n = 0; n < 2000; n++) {
                                        threads.each(9, 1, part);
                                    }
                                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(mixed.get()).isZero();
        }
    }

    @Test
    void workersParkWhenNothingRunsAndEndWhenClosed() throws InterruptedException {
        Set<Thread> before = Set.copyOf(workers());
        Threads threads = new Threads(4);
        List<Thread> started = started(before);
        assertThat(started).hasSize(3).allMatch(Thread::isDaemon);
        for (int round = 0; round < 3; round++) {
            threads.each(100, 1, (worker, from, to) -> {});
            for (Thread worker : started) {
                awaitState(worker, Thread.State.WAITING);
            }
        }
        threads.close();
        for (Thread worker : started) {
            worker.join();
        }
        // the caller works alone then
        AtomicInteger ran = new AtomicInteger();
        threads.each(100, 1, (worker, from, to) -> ran.addAndGet(to - from));
        assertThat(ran.get()).isEqualTo(100);
    }

    /** A thread that spun for ever would never get there. */
    private static void awaitState(Thread thread, Thread.State state) throws InterruptedException {
        for (int i = 0; i < 2000 && thread.getState() != state; i++) {
            Thread.sleep(5);
        }
        assertThat(thread.getState()).isEqualTo(state);
        Thread.sleep(20);
        assertThat(thread.getState()).as("a little later").isEqualTo(state);
    }

    /** A thread that spun through that second would use 1000 ms of it; these may use 100. */
    @Test
    void workersUseNoProcessorTimeWhenNothingRuns() throws InterruptedException {
        ThreadMXBean times = ManagementFactory.getThreadMXBean();
        assumeTrue(times.isThreadCpuTimeSupported());
        Set<Thread> before = Set.copyOf(workers());
        try (Threads threads = new Threads(4)) {
            List<Thread> started = started(before);
            for (int task = 0; task < 1000; task++) {
                threads.each(100, 1, (worker, from, to) -> {});
            }
            Thread.sleep(100);
            long used = processorTime(times, started);
            Thread.sleep(1000);
            assertThat(processorTime(times, started) - used)
                    .as("nanoseconds of three idle workers in a second")
                    .isLessThan(100_000_000);
        }
    }

    private static long processorTime(ThreadMXBean times, List<Thread> threads) {
        return threads.stream().mapToLong(t -> times.getThreadCpuTime(t.threadId())).sum();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1025})
    void anImpossibleNumberOfThreadsIsRefused(int count) {
        assertThatThrownBy(() -> new Threads(count).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("threads: found " + count + ", expected 1 to 1024");
    }
}
