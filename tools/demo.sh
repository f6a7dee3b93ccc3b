# What the demo shows, from the weights that travel with the program and one small ImageNet network. Sourced by ./run.

demo_classify() {
  step "$vitral" classify -m efficientnet_lite0 -w "$demo_weights_file" --topk 3 -o demo/photographs -y .deps/photographs/*.jpg
  [[ -e models/fashion_swin.safetensors ]] || return 0
  say "the bundled Swin Transformer on the 10,000 test pictures of Fashion-MNIST:"
  step "$vitral" eval -m fashion_swin --data "$fashion_mnist" -b 64
}

# Twelve scenes that no model has seen: another seed than that of the training data.
demo_detect() {
  [[ -e models/scenes_rtdetr.safetensors ]] || return 0
  step "$vitral" data make fashion-scenes -o demo/scenes --train 1 --val 12 --seed 2026 -y
  step "$vitral" detect -m scenes_rtdetr -o demo/detected --json demo/detected.jsonl -y demo/scenes/val
}

# Objects of COCO in photographs, where 'models pull' has put weights here before: the demo downloads none.
demo_pulled() {
  local model=rtdetr_r18vd
  if ! "$vitral" models list --json - | grep -qE "\"name\":\"$model\"[^}]*\"pulled\":\[[^]]"; then
    say "'vitral models pull $model' fetches a detector of everyday objects, and the demo then finds them in photographs"
    return
  fi
  step "$vitral" detect -m "$model" -o demo/objects -y .deps/photographs/{baboon,fruits,messi5}.jpg
}

demo_video() {
  [[ -e models/pedestrians_rtdetr.safetensors ]] || return 0
  step "$vitral" track -m pedestrians_rtdetr -o demo/people.mp4 --json demo/people.jsonl -y .deps/videos/vtest.avi
}

# What networks looked at: in a photograph, for a detection, in a sentence.
demo_explain() {
  step "$vitral" explain -m efficientnet_lite0 -w "$demo_weights_file" -o demo/explained_photograph -y .deps/photographs/baboon.jpg
  [[ ! -e demo/scenes ]] ||
    step "$vitral" explain -m scenes_rtdetr -o demo/explained_detection -y "$(find demo/scenes/val -name '*.png' -o -name '*.jpg' | sort | head -1)"
  step "$vitral" explain -m dates --text 'Wednesday, 3rd of March 2021' -o demo/explained_sentence -y
}

# One page of everything; the pictures lie beside it.
demo_page() {
  local picture explained
  {
    cat <<'PAGE'
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>vitral's demo</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1100px;padding:0 1rem;color:#1a202c;background:#fff}
img,video{max-width:100%;border-radius:6px}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:12px}
@media(prefers-color-scheme:dark){body{background:#171923;color:#e2e8f0}a{color:#90cdf4}}</style>
<h1>What vitral sees</h1>
<h2>Photographs, by EfficientNet-Lite0 with ImageNet weights</h2>
<p><a href="photographs/index.html">every picture with its classes</a></p>
<img src="photographs/contact_sheet.jpg" alt="twelve photographs with what they show">
PAGE
    if [[ -e demo/detected ]]; then
      echo '<h2>Garments in composed scenes, by the bundled RT-DETR</h2><p>Scenes that it never saw; <a href="detected.jsonl">as JSON Lines</a>.</p><div class="grid">'
      for picture in demo/detected/*.jpg; do echo "<img src=\"detected/${picture##*/}\" alt=\"a scene with boxes\">"; done
      echo '</div>'
    fi
    if [[ -e demo/objects ]]; then
      echo '<h2>Objects in photographs, by RT-DETR with COCO weights</h2><div class="grid">'
      for picture in demo/objects/*.jpg; do echo "<img src=\"objects/${picture##*/}\" alt=\"a photograph with boxes\">"; done
      echo '</div>'
    fi
    if [[ -e demo/people.mp4 ]]; then
      echo '<h2>People followed through a video, by the bundled RT-DETR and ByteTrack</h2><p>The network learned from the first 600 frames of this very scene and knows no other; <a href="people.jsonl">as JSON Lines</a>.</p>'
      echo '<video src="people.mp4" controls muted></video>'
    fi
    echo '<h2>What networks look at</h2><p>Point at a patch or a token, click a detection:'
    for explained in photograph detection sentence; do
      [[ ! -e demo/explained_$explained ]] || echo "<a href=\"explained_$explained/index.html\">in a $explained</a>"
    done
    echo '</p><img src="explained_photograph/overlay.png" alt="where the network found the baboon">'
  } > demo/index.html
}
