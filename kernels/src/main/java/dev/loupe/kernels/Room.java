package dev.loupe.kernels;

/** Memory of each thread for one purpose, which grows with what is asked of it. */
final class Room {
    private final ThreadLocal<float[]> ofThread = ThreadLocal.withInitial(() -> new float[0]);

    /** At least {@code n} numbers, with what was left in them. */
    float[] of(int n) {
        float[] room = ofThread.get();
        if (room.length < n) {
            room = new float[n];
            ofThread.set(room);
        }
        return room;
    }
}
