package dev.loupe.kernels;

import static dev.loupe.kernels.Numbers.assertSameBits;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A provider that switches gives the same bits before, meanwhile and after. */
@Timeout(120)
class WarmingKernelsTest {
    private static final long AT_ONCE = 0;
    private static final long NEVER = TimeUnit.HOURS.toNanos(1);
    private static final long SOON = TimeUnit.MILLISECONDS.toNanos(300);
    private static final Threads ALONE = new Threads(1);

    private final AtomicInteger vectorCalls = new AtomicInteger();

    /** Counts the calls that ask for a result, not those that warm. */
    private Kernels counted(Kernels kernels) {
        return (Kernels)
                Proxy.newProxyInstance(
                        Kernels.class.getClassLoader(),
                        new Class<?>[] {Kernels.class},
                        (proxy, method, arguments) -> {
                            if (!Thread.currentThread().getName().equals("loupe-warming")) {
                                vectorCalls.incrementAndGet();
                            }
                            try {
                                return method.invoke(kernels, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    private Kernels warming(long delay, long most) {
        return new WarmingKernels(
                Kernels.scalar(), counted(Kernels.vectors()), new KernelWarming(delay, most));
    }

    private static final List<TensorType> TYPES =
            List.of(
                    TensorType.F32,
                    TensorType.F16,
                    TensorType.BF16,
                    TensorType.Q4_0,
                    TensorType.Q4_1,
                    TensorType.Q4_K,
                    TensorType.Q5_1,
                    TensorType.Q6_K,
                    TensorType.Q8_0);

    /** Everything that kernels do, for several types of weights, end to end in one array. */
    private static float[] everything(Kernels kernels) {
        Random random = new Random(3);
        List<float[]> results = new ArrayList<>();
        for (TensorType type : TYPES) {
            Weight w = Packing.pack(ALONE, List.of(RandomRows.of(type, 37, 512, 1)));
            float[] decoded = new float[16 * 512];
            kernels.decode(w, 1, decoded, 0);
            results.add(decoded);
            Activations[] tokens = new Activations[3];
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = Activations.roomFor(w);
                tokens[t].read(w, Numbers.random(random, 512), 0);
            }
            float[] one = new float[37];
            kernels.multiply(w, 0, 3, tokens[0], one, 0);
            results.add(one);
            Tensor several = Tensor.of(3, 37);
            kernels.multiplyTogether(w, 2, 3, tokens, several);
            results.add(several.data());
        }
        float[] panels = Numbers.random(random, 3 * 16 * 100);
        for (int rows : new int[] {5, 13}) {
            Tensor x = new Tensor(Numbers.random(random, rows * 100), 0, rows, 100, 100, 0);
            for (int cols : new int[] {32, 41}) {
                Tensor y = Tensor.of(rows, cols);
                kernels.multiply(panels, 0, x.cols(), false, x, y);
                kernels.multiply(panels, 0, x.cols(), true, x, y);
                results.add(y.data());
            }
        }
        Tensor scores = new Tensor(Numbers.random(random, 2 * 64), 0, 2, 64, 64, 0);
        RunningSoftmax softmax = RunningSoftmax.of(2, 48);
        kernels.softmaxStep(scores, new int[] {0, 3}, new int[] {64, 40}, softmax);
        results.add(scores.data());
        results.add(softmax.lanes());
        for (Activation f : Activation.values()) {
            float[] y = new float[70];
            kernels.activate(f, Numbers.random(random, 70), 0, y, 0, 70);
            results.add(y);
        }
        float[] powers = new float[70];
        kernels.exp(Numbers.random(random, 70), 0, powers, 0, 70);
        results.add(powers);
        return together(results);
    }

    private static float[] together(List<float[]> results) {
        float[] all = new float[results.stream().mapToInt(r -> r.length).sum()];
        int at = 0;
        for (float[] result : results) {
            System.arraycopy(result, 0, all, at, result.length);
            at += result.length;
        }
        return all;
    }

    @Test
    void theBitsStayWhileSeveralThreadsCallAndKernelsSwitch() throws Exception {
        // a kernel whose samples are no faster on this machine switches after a while
        Kernels kernels = warming(AT_ONCE, TimeUnit.SECONDS.toNanos(5));
        float[] expected = everything(Kernels.scalar());
        assertSameBits(everything(kernels), expected, "before");
        try (ExecutorService callers = Executors.newFixedThreadPool(3)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                all.add(
                        callers.submit(() -> {
                            while (!kernels.settled()) {
                                assertSameBits(everything(kernels), expected, "while");
                            }
                        }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        }
        vectorCalls.set(0);
        assertSameBits(everything(kernels), expected, "after");
        int calls = 3 * TYPES.size() + 8 + 1 + Activation.values().length + 1;
        assertThat(vectorCalls).hasValue(calls);
    }

    @Test
    void aShortPromptDoesWithoutVectors() {
        Kernels kernels = warming(NEVER, NEVER);
        for (int i = 0; i < 2; i++) {
            Weight w = Packing.pack(ALONE, List.of(RandomRows.of(TensorType.Q8_0, 32, 64, 1)));
            float[] panels = new float[2 * 16 * 64];
            kernels.decode(w, 0, panels, 0);
            kernels.decode(w, 1, panels, 16 * 64);
            kernels.multiply(panels, 0, 64, false, Tensor.of(5, 64), Tensor.of(5, 32));
        }
        assertThat(vectorCalls).hasValue(0);
        assertThat(kernels.settled()).isFalse();
    }

    @Test
    void aGeneratedTokenWarmsAtOnce() throws InterruptedException {
        Kernels kernels = warming(NEVER, SOON);
        Weight w = Packing.pack(ALONE, List.of(RandomRows.of(TensorType.Q8_0, 32, 64, 1)));
        Activations token = Activations.roomFor(w);
        token.read(w, new float[64], 0);
        kernels.multiply(w, 0, 2, token, new float[32], 0);
        while (!kernels.settled()) {
            Thread.sleep(1);
        }
        vectorCalls.set(0);
        kernels.multiply(w, 0, 2, token, new float[32], 0);
        assertThat(vectorCalls).hasValue(1);
    }

    @Test
    void aLongPromptWarmsAtOnce() throws InterruptedException {
        Kernels kernels = warming(NEVER, SOON);
        float[] panels = new float[2 * 16 * 8];
        kernels.multiply(panels, 0, 8, false, Tensor.of(512, 8), Tensor.of(512, 32));
        while (!kernels.settled()) {
            Thread.sleep(1);
        }
        kernels.multiply(panels, 0, 8, false, Tensor.of(512, 8), Tensor.of(512, 32));
        assertThat(vectorCalls).hasValue(1);
    }

    @Test
    void vectorsThatAreNeverFasterAreUsedAfterAWhile() throws InterruptedException {
        Kernels kernels =
                new WarmingKernels(
                        Kernels.scalar(),
                        counted(Kernels.scalar()),
                        new KernelWarming(AT_ONCE, SOON));
        everything(kernels);
        while (!kernels.settled()) {
            Thread.sleep(1);
        }
        vectorCalls.set(0);
        everything(kernels);
        assertThat(vectorCalls).hasPositiveValue();
    }
}
