package dev.loupe.inside;

import dev.loupe.model.Gpt;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Places as a person writes them: {@code L5H3}, {@code blocks.5.attn.hook_z[3]}, {@code
 * blocks.5.mlp.hook_post[10:20]}, each with {@code @POSITION} or {@code @FROM:TO} behind it if it
 * is not all positions. Negative positions count from the end of the prompt.
 */
public final class PlaceNames {
    private static final Pattern PLACE =
            Pattern.compile(
                    "(?:L(?<layer>\\d{1,5})H(?<head>\\d{1,5})|(?<hook>[a-z][\\w.]*)"
                            + "(?:\\[(?<first>\\d{1,7})(?::(?<end>\\d{1,7}))?])?)"
                            + "(?:@(?<from>-?\\d{1,7})(?::(?<to>-?\\d{1,7}))?)?");

    private final Gpt gpt;
    private final int tokens;

    /**
     * @param tokens how many the prompt has
     */
    public PlaceNames(Gpt gpt, int tokens) {
        this.gpt = gpt;
        this.tokens = tokens;
    }

    /**
     * The place of a name.
     *
     * @param source of the name, for errors
     * @throws IllegalArgumentException if it is no name of a place
     * @throws HookException if the model has no such place
     */
    public Place of(String source, String name) {
        Matcher parts = PLACE.matcher(name);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    source
                            + ": found '"
                            + name
                            + "', expected a place such as L5H3, blocks.5.mlp.hook_post[10:20] or"
                            + " blocks.5.hook_resid_post@-1");
        }
        try {
            Place place = whole(parts);
            return parts.group("from") == null ? place : at(source, place, parts);
        } catch (HookException e) {
            throw new HookException(source + ": " + e.getMessage());
        }
    }

    private Place whole(Matcher parts) {
        if (parts.group("layer") != null) {
            return Place.head(gpt, number(parts, "layer"), number(parts, "head"));
        }
        Place place = Place.of(gpt, parts.group("hook"));
        if (parts.group("first") == null) {
            return place;
        }
        int first = number(parts, "first");
        if (parts.group("end") != null) {
            return place.columns(first, number(parts, "end"));
        }
        return place.hook().name().contains(".attn.hook_")
                ? place.head(first)
                : place.columns(first, first + 1);
    }

    private Place at(String source, Place place, Matcher parts) {
        int from = position(source, number(parts, "from"));
        if (parts.group("to") == null) {
            return place.at(from);
        }
        int to = number(parts, "to");
        int end = to < 0 ? tokens + to : to;
        if (end <= from || end > tokens) {
            throw new IllegalArgumentException(
                    source + ": found positions " + from + " to " + end + " of " + tokens);
        }
        return place.at(from, end);
    }

    /** A position that may be counted from the end. */
    public int position(String source, int given) {
        int position = given < 0 ? tokens + given : given;
        if (position < 0 || position >= tokens) {
            throw new IllegalArgumentException(
                    "%s: found position %d, expected %d to %d"
                            .formatted(source, given, -tokens, tokens - 1));
        }
        return position;
    }

    private static int number(Matcher parts, String group) {
        return Integer.parseInt(parts.group(group));
    }
}
