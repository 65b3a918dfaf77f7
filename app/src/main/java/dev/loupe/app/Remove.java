package dev.loupe.app;

import dev.loupe.files.store.Bytes;
import dev.loupe.files.store.ModelStore;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

import java.util.List;

/** {@code loupe rm}: removes models from the store. */
@Command(
        name = "rm",
        description = "Removes models from the local store, or what an interrupted pull left.")
final class Remove implements Runnable {
    @Parameters(paramLabel = "NAME", arity = "1..*", description = "As list shows it.")
    private List<String> names = List.of();

    @Override
    public void run() {
        ModelStore store = ModelStore.ofEnvironment();
        for (String name : names) {
            long freed = store.remove(name);
            System.out.println("removed " + name + ", " + Bytes.text(freed) + " freed");
        }
    }
}
