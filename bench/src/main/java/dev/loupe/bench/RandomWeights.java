package dev.loupe.bench;

import dev.loupe.files.NewTensor;
import dev.loupe.kernels.Blocks;
import dev.loupe.kernels.TensorType;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Weights from a normal distribution around 0 with a deviation of 0.02, at which models begin their
 * training: scores of attention stay near 1 and logits finite. A weight is one of 65,536 numbers
 * drawn beforehand, so that one 64-bit draw makes four of them: a thousand million in seconds.
 */
final class RandomWeights {
    private static final int DRAWN = 1 << 16;
    private static final int BUFFER = 1 << 20;
    private static final double DEVIATION = 0.02;

    private final TensorType type;
    private final short[] drawn = new short[DRAWN];
    private int tensors;

    /**
     * @throws IllegalArgumentException if the type has not two bytes a number
     */
    RandomWeights(TensorType type) {
        if (type != TensorType.F16 && type != TensorType.BF16) {
            throw new IllegalArgumentException("type: found " + type + ", expected F16 or BF16");
        }
        this.type = type;
        SplittableRandom random = new SplittableRandom(1);
        float[] numbers = new float[DRAWN];
        for (int i = 0; i < DRAWN; i++) {
            numbers[i] = (float) (DEVIATION * random.nextGaussian());
        }
        Blocks.encode(type, numbers, 0, DRAWN, MemorySegment.ofArray(drawn), 0);
    }

    NewTensor matrix(String name, long rows, long cols) {
        long seed = ++tensors;
        return new NewTensor(name, type, List.of(rows, cols), out -> draw(rows * cols, seed, out));
    }

    /** Ones, as a norm begins with. */
    NewTensor norm(String name, long size) {
        float[] ones = new float[Math.toIntExact(size)];
        Arrays.fill(ones, 1f);
        return new NewTensor(
                name,
                TensorType.F32,
                List.of(size),
                out -> {
                    ByteBuffer bytes =
                            ByteBuffer.allocate(4 * ones.length).order(ByteOrder.LITTLE_ENDIAN);
                    bytes.asFloatBuffer().put(ones);
                    writeFully(out, bytes);
                });
    }

    private void draw(long count, long seed, WritableByteChannel out) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer bytes = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        for (long left = count; left > 0; left -= BUFFER / Short.BYTES) {
            int size = (int) Math.min(BUFFER, left * Short.BYTES);
            bytes.clear();
            while (bytes.position() < size) {
                long four = random.nextLong();
                for (int shift = 0; shift < 64 && bytes.position() < size; shift += 16) {
                    bytes.putShort(drawn[(int) (four >>> shift) & DRAWN - 1]);
                }
            }
            writeFully(out, bytes.flip());
        }
    }

    private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
