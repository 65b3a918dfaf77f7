package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Capture;
import dev.loupe.inside.Embeddings;
import dev.loupe.inside.HookException;
import dev.loupe.inside.Intervention;
import dev.loupe.inside.Intervention.Cut;
import dev.loupe.inside.Intervention.Fill;
import dev.loupe.inside.Intervention.Patch;
import dev.loupe.inside.Intervention.Scale;
import dev.loupe.inside.Intervention.Steer;
import dev.loupe.inside.Intervention.Zero;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.PatchingMap;
import dev.loupe.inside.Place;
import dev.loupe.inside.Reader;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What is changed inside: part of {@code loupe explain}. */
final class ChangeOptions implements OptionList.Shared {
    private static final Pattern EDGE =
            Pattern.compile("L(\\d{1,5})(?:H(\\d{1,5}))?:(-?\\d{1,7}):(-?\\d{1,7})");

    @Option(
            names = "--zero",
            paramLabel = "PLACE",
            description =
                    "Switch off a head (L5H3), neurons (blocks.5.mlp.hook_post[10:20]) or a vector"
                        + " (blocks.5.hook_resid_post@-1); @POSITION and @FROM:TO choose tokens.")
    private List<String> zero = List.of();

    @Option(
            names = "--mean",
            paramLabel = "PLACE",
            description = "Put the mean over the prompt's tokens there.")
    private List<String> mean = List.of();

    @Option(names = "--scale", paramLabel = "PLACE=FACTOR", description = "Multiply what is there.")
    private List<String> scale = List.of();

    @Option(
            names = "--steer",
            paramLabel = "PLACE=STRENGTH*SUM",
            description =
                    "Add a direction of length STRENGTH to the residual stream: that of a word's"
                            + " vector, or of a sum such as \"love - hate\".")
    private List<String> steer = List.of();

    @Option(
            names = "--cut",
            paramLabel = "EDGE",
            description =
                    "Cut an edge of attention: L5H3:QUERY:KEY, or L5:QUERY:KEY for all heads.")
    private List<String> cut = List.of();

    @Option(
            names = "--patch",
            paramLabel = "PLACE",
            description = "Put there what was there with the prompt of --from.")
    private List<String> patch = List.of();

    @Option(
            names = "--from",
            paramLabel = "PROMPT",
            description = "The other prompt of --patch and --sweep.")
    private @Nullable String from;

    @Option(
            names = "--sweep",
            paramLabel = "WHAT",
            description =
                    "Patch each layer and position in turn, and show how much of the other prompt's"
                            + " answer that brings back: resid_pre, attn_out or mlp_out; or each"
                            + " head: heads.")
    private PatchingMap.@Nullable Sweep sweep;

    @Option(
            names = "--by-gradient",
            description = "Of --sweep: to first order, from one gradient; much faster.")
    private boolean byGradient;

    @Override
    public String heading() {
        return "Change";
    }

    /** Whether anything is to be changed. */
    boolean wanted() {
        return Stream.of(zero, mean, scale, steer, cut, patch).anyMatch(list -> !list.isEmpty());
    }

    /** Whether anything is asked about changes. */
    boolean any() {
        return wanted() || sweeps();
    }

    boolean sweeps() {
        return sweep != null;
    }

    void check() {
        if (from == null && (!patch.isEmpty() || sweep != null)) {
            throw new WrongUsage(
                    "--patch and --sweep take from another prompt; give --from PROMPT");
        }
        if (from != null && patch.isEmpty() && sweep == null) {
            throw new WrongUsage("--from goes with --patch PLACE or --sweep WHAT");
        }
        if (sweep != null && wanted()) {
            throw new WrongUsage("--sweep changes one place after the other; leave out the others");
        }
        if (byGradient && sweep == null) {
            throw new WrongUsage("--by-gradient goes with --sweep WHAT");
        }
    }

    /** The other prompt. */
    int[] other(LocalModel loaded) {
        int[] ids = PromptOptions.ids(loaded, from == null ? "" : from, false);
        Explain.checkContext(loaded, ids);
        return ids;
    }

    PatchingMap.Sweep sweep() {
        return sweep == null ? PatchingMap.Sweep.RESID_PRE : sweep;
    }

    boolean byGradient() {
        return byGradient;
    }

    /** What is to be done to a run of these tokens. */
    List<Intervention> interventions(LocalModel loaded, int[] ids) {
        GivenPlaces places = new GivenPlaces(loaded.gpt(), ids.length);
        List<Intervention> all = new ArrayList<>();
        for (String name : zero) {
            all.add(new Zero(places.of("--zero", name)));
        }
        for (String name : mean) {
            Place place = places.of("--mean", name);
            all.add(new Fill(place, seen(loaded, ids, place).mean()));
        }
        for (String text : scale) {
            String[] sides = sides("--scale", text);
            all.add(new Scale(places.of("--scale", sides[0]), number("--scale", sides[1])));
        }
        for (String text : steer) {
            all.add(steer(loaded, places, text));
        }
        for (String text : cut) {
            all.add(cut(places, text));
        }
        for (String name : patch) {
            Place place = places.of("--patch", name);
            all.add(patch(loaded, ids, place));
        }
        return all;
    }

    private Patch patch(LocalModel loaded, int[] ids, Place place) {
        int[] others = other(loaded);
        if (others.length != ids.length) {
            throw new UserException(
                    "--from: found %d tokens, expected %d as the prompt has: positions are those of both"
                            .formatted(others.length, ids.length));
        }
        return new Patch(place, seen(loaded, others, place));
    }

    private static NamedArray seen(LocalModel loaded, int[] ids, Place place) {
        try {
            Capture capture =
                    new Capture(
                            loaded.gpt(), List.of(place.hook()), ids.length, CaptureOptions.room());
            new Reader(loaded.gpt(), loaded.processor(), capture).read(ids);
            return capture.get(place.hook());
        } catch (HookException e) {
            throw new UserException(String.valueOf(e.getMessage()), e);
        }
    }

    private static String[] sides(String source, String text) {
        int at = text.indexOf('=');
        if (at < 1) {
            throw new WrongUsage(source + ": found '" + text + "', expected PLACE=...");
        }
        return new String[] {text.substring(0, at), text.substring(at + 1)};
    }

    private static float number(String source, String text) {
        try {
            float number = Float.parseFloat(text.strip());
            if (Float.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new WrongUsage(source + ": found '" + text + "', expected a number");
        }
        throw new WrongUsage(source + ": found '" + text + "', expected a finite number");
    }

    private static Steer steer(LocalModel loaded, GivenPlaces places, String text) {
        String[] sides = sides("--steer", text);
        int star = sides[1].indexOf('*');
        if (star < 1) {
            throw new WrongUsage("--steer: found '" + text + "', expected PLACE=STRENGTH*SUM");
        }
        Place place = places.of("--steer", sides[0]);
        float strength = number("--steer", sides[1].substring(0, star));
        TokenSum sum = TokenSum.parse(loaded, "--steer", sides[1].substring(star + 1));
        float[] vector =
                Embeddings.of(loaded.gpt(), loaded.processor()).sum(sum.plus(), sum.minus());
        if (!place.inStream()) {
            throw new UserException(
                    "--steer: words have no direction at "
                            + place
                            + "; steer the residual stream, such as blocks.5.hook_resid_post");
        }
        return Steer.along(place, vector, strength);
    }

    private static Cut cut(GivenPlaces places, String text) {
        Matcher edge = EDGE.matcher(text);
        if (!edge.matches()) {
            throw new WrongUsage(
                    "--cut: found '" + text + "', expected L5H3:QUERY:KEY or L5:QUERY:KEY");
        }
        try {
            return new Cut(
                    Integer.parseInt(edge.group(1)),
                    edge.group(2) == null ? -1 : Integer.parseInt(edge.group(2)),
                    places.position("--cut", Integer.parseInt(edge.group(3))),
                    places.position("--cut", Integer.parseInt(edge.group(4))));
        } catch (IllegalArgumentException e) {
            throw new WrongUsage("--cut: " + e.getMessage());
        }
    }
}
