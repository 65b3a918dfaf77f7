package dev.loupe.kernels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Whether one kernel uses vectors by now. */
final class VectorSwitch {
    private static final VarHandle ASKED;

    static {
        try {
            ASKED =
                    MethodHandles.lookup()
                            .findVarHandle(VectorSwitch.class, "asked", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("no field of its own", e);
        }
    }

    // Plain on purpose: a thread that sees it late computes the same.
    private boolean on;
    private volatile boolean asked;

    boolean on() {
        return on;
    }

    void turnOn() {
        on = true;
    }

    /** True for the first caller alone. */
    boolean firstAsked() {
        return !asked && ASKED.compareAndSet(this, false, true);
    }
}
