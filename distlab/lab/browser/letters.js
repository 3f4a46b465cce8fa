// Where no font has Chinese, it is hidden: a page of boxes says nothing. Two characters that look the
// same are boxes.

{
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  pen.font = "24px sans-serif";
  const [one, other] = ["锁", "一"].map((character) => {
    pen.clearRect(0, 0, 40, 40);
    pen.fillText(character, 4, 30);
    return pen.getImageData(0, 0, 40, 40).data.join();
  });
  document.body.classList.toggle("dl-no-chinese", one === other);
}
