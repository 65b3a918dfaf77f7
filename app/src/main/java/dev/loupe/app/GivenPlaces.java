package dev.loupe.app;

import dev.loupe.inside.HookException;
import dev.loupe.inside.Place;
import dev.loupe.inside.PlaceNames;
import dev.loupe.model.Gpt;

import java.util.function.Supplier;

/** Places as a person writes them, with the errors of the command line. */
final class GivenPlaces {
    private final PlaceNames names;

    /**
     * @param tokens how many the prompt has
     */
    GivenPlaces(Gpt gpt, int tokens) {
        names = new PlaceNames(gpt, tokens);
    }

    /**
     * The place of a name.
     *
     * @param source of the name, for errors
     * @throws WrongUsage if it is no name of a place
     * @throws UserException if the model has no such place
     */
    Place of(String source, String name) {
        return checked(() -> names.of(source, name));
    }

    /** A position that may be counted from the end. */
    int position(String source, int given) {
        return checked(() -> names.position(source, given));
    }

    private static <T> T checked(Supplier<T> read) {
        try {
            return read.get();
        } catch (HookException e) {
            throw new UserException(String.valueOf(e.getMessage()), e);
        } catch (IllegalArgumentException e) {
            throw new WrongUsage(String.valueOf(e.getMessage()));
        }
    }
}
